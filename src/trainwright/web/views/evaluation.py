"""The evaluation of a version: the report's sections as they stand now, and what other thresholds would cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from trainwright.evaluate.formats import estimate
from trainwright.evaluate.report import ReportParts, report_parts
from trainwright.store.evaluations import evaluations_of
from trainwright.store.projects import Project
from trainwright.store.versions import Version
from trainwright.training.report_again import as_it_stands
from trainwright.web.views.jobs import document_of

PARTS = ("validation", "test")
PER = 1000


@dataclass(frozen=True)
class Choice:
    """What deciding from a probability on comes to, in 1,000 cases such as the out-of-fold rows.

    Args:
        threshold: the probability of the positive class.
        flagged: cases answered with the positive class; `right` and `false` of them are it and are not.
        missed: cases of the positive class that are not flagged.
        precision, recall: shares, or None where nothing is flagged.
    """

    threshold: float
    flagged: float
    right: float
    false: float
    missed: float
    precision: float | None
    recall: float | None


@dataclass(frozen=True)
class Thresholds:
    """The thresholds that a reader can weigh.

    Args:
        positive: the class that is looked for.
        rows: out-of-fold rows that the counts come from.
        now: the threshold in use.
        choices: lowest threshold first.
    """

    positive: str
    rows: int
    now: float
    choices: list[Choice]

    def to_json(self) -> dict[str, Any]:
        """For the script."""
        return asdict(self)


@dataclass(frozen=True)
class EvaluationView:
    """What the page of an evaluation shows.

    Args:
        report: the parts of the report.
        thresholds: for two classes.
        requirements: that were asked for and are not met, in words.
        tested: whether the sealed test was opened for this version.
    """

    report: ReportParts
    thresholds: Thresholds | None
    requirements: list[str]
    tested: bool


def evaluation_of(connection: Connection, project: Project, version: Version) -> EvaluationView | None:
    """The evaluation of a version; None where its training left no result."""
    found = documents_of(connection, project, version)
    if found is None:
        return None
    result, evaluations = found
    return EvaluationView(
        report_parts(result, evaluations),
        thresholds_of(result, evaluations.get("validation") or {}),
        unmet(result),
        "test" in evaluations,
    )


def documents_of(
    connection: Connection, project: Project, version: Version
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]] | None:
    """The result of a version's training with its decisions of now, and its evaluation documents by part."""
    if version.run_id is None:
        return None
    kept = document_of(connection, version.run_id, "result")
    if kept is None:
        return None
    rows = evaluations_of(connection, run_id=version.run_id)
    documents = {row.part: row.document for row in rows if row.part in PARTS}
    return as_it_stands(connection, version, project.id, kept), documents


def unmet(result: Mapping[str, Any]) -> list[str]:
    """The requirements that the selected model does not meet, in words."""
    return [str(text) for text in (result.get("requirements") or {}).get("unmet") or []]


def thresholds_of(result: Mapping[str, Any], document: Mapping[str, Any]) -> Thresholds | None:
    """What each threshold costs, from the counts of the evaluation on out-of-fold rows; None but for two classes."""
    target = result.get("target") or {}
    points = (document.get("curves") or {}).get("thresholds") or []
    positive, rows = target.get("positive"), document.get("n_rows")
    support = {str(row.get("class")): row.get("support") for row in document.get("per_class") or []}
    if positive is None or not rows or support.get(str(positive)) is None:
        return None
    share = support[str(positive)] / rows
    choices = [choice for choice in (_choice(point, share) for point in points) if choice is not None]
    if not choices:
        return None
    return Thresholds(str(positive), int(rows), _in_use(result), choices)


def _choice(point: Mapping[str, Any], share: float) -> Choice | None:
    """One point of the stored curve as counts in 1,000 cases."""
    threshold, flagged = estimate(point.get("threshold"))[0], estimate(point.get("flagged"))[0]
    precision, recall = estimate(point.get("precision"))[0], estimate(point.get("recall"))[0]
    if threshold is None or flagged is None or flagged > 1 or not 0 < threshold < 1:
        return None
    right = flagged * (precision or 0.0)
    return Choice(
        threshold, PER * flagged, PER * right, PER * (flagged - right), PER * max(0.0, share - right), precision, recall
    )


def _in_use(result: Mapping[str, Any]) -> float:
    """The threshold by which the version answers."""
    policy = (result.get("operating_point") or {}).get("policy") or {}
    value = policy.get("middle")
    if value is None:
        value = estimate((result.get("threshold") or {}).get("value"))[0]
    return 0.5 if value is None else float(value)
