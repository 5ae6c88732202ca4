"""Decisions on the out-of-fold rows of a run: the question its settings ask, the rows, the answer as a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.copies import find_copies
from trainwright.data.dataset import inner_units
from trainwright.data.infer import absent
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.decide import decide
from trainwright.evaluate.deciding.policy import segment_texts
from trainwright.evaluate.deciding.question import Question
from trainwright.evaluate.deciding.rows import MOST_SEGMENTS, Rows, check_segments
from trainwright.evaluate.deciding.words import paragraph
from trainwright.evaluate.decision_figures import per_thousand
from trainwright.evaluate.present_process import PRESENT
from trainwright.evaluate.resampling import Units, make_units
from trainwright.training.decision_goal import question_of

if TYPE_CHECKING:
    from trainwright.training.budget import Budget
    from trainwright.training.material import Material
    from trainwright.training.outcome import Outcome

KEY = "the column of --by"
# What the intervals of a decision take, roughly: a part that hardly depends on the rows, and one that does.
SECONDS, SECONDS_PER_ROW, SECONDS_PER_SEGMENT = 2.5, 4e-6, 0.25
REPORT_SECONDS = 1.5


def check_decision(settings: Settings, target: Target, frame: pl.DataFrame) -> None:
    """Refuses a `decision:` that cannot be made, before anything is written.

    Args:
        settings: of the run.
        target: what is predicted.
        frame: the table; of the column that has thresholds of its own the values are counted, no label is looked at.

    Raises:
        UserError: naming the key.
    """
    question = question_of(settings, target)
    if question is None or question.by is None:
        return
    try:
        check_segment_column(question.by, target, list(frame.columns))
        check_segments(np.unique(segment_texts(frame[question.by]).astype(str)))
    except UserError as error:
        said = error.problem.removeprefix(f"{KEY}: ").replace(KEY, "decision.by")
        where = f"decision.by ({settings.origin('decision.by')})"
        raise UserError(f"{where}: {said}", remedy=error.remedy) from None


def check_segment_column(name: str, target: Target, columns: list[str]) -> None:
    """Refuses a column that is not there, or is what is predicted."""
    if name not in columns:
        raise absent(name, columns, KEY)
    if name == target.column:
        raise UserError(f"{KEY}: {name!r} is what is predicted", remedy="name a column that is known beforehand")


def rows_of(material: Material, outcome: Outcome, by: str | None) -> Rows:
    """The out-of-fold rows of a run.

    Args:
        material, outcome: of the run.
        by: the column of the segments, or None.

    Raises:
        UserError: there is no such column.
    """
    oof, segment = outcome.oof, None
    if by is not None:
        columns = [name for name in material.frame.columns if name != material.target.column]
        check_segment_column(by, material.target, [*columns, material.target.column])
        segment = segment_texts(material.frame[by])[oof.positions]
    rows = Rows(
        material.target,
        oof.y,
        outcome.prediction,
        oof.fold,
        units_of(material, outcome),
        applied=getattr(outcome, "applied", None),
        weight=oof.weight,
        segment=segment,
    )
    if by is not None:
        try:
            assert rows.segments
        except UserError as error:
            raise UserError(f"--by {by}: {error.problem}", remedy=error.remedy) from None
    return rows


def units_of(material: Material, outcome: Outcome) -> Units:
    """What varies independently among the out-of-fold rows: clusters, groups, stretches of time, copies of a row."""
    oof, data = outcome.oof, material.work.dataset
    group, cluster, time = oof.of(data.group), oof.of(data.cluster), oof.of(data.time)
    if group is None and cluster is None and time is None:
        names = [column.name for column in material.schema.features]
        whole = find_copies(material.frame, names).kept_whole
        group = None if whole is None else oof.of(inner_units(whole, None))
    return make_units(len(oof.y), group=group, cluster=cluster, time=time, seed=material.options.seed)


def decision_document(
    question: Question,
    rows: Rows,
    *,
    threshold: float | None,
    result: Mapping[str, Any],
    seed: int,
    resamples: int | None = None,
) -> dict[str, Any]:
    """A decision as it is stored: the answer, and a paragraph about it.

    Args:
        question, rows: see `evaluate.deciding.decide.decide`.
        threshold: the version's own, to compare with.
        result: the run's result document, or its `target`, `problem` and `present_process`.
        seed, resamples: of the intervals.

    Raises:
        UserError: the goal is out of reach.
    """
    if question.goal == "threshold" and question.level == threshold:
        threshold = None
    document = decide(question, rows, own_threshold=threshold, seed=seed, resamples=resamples).document
    today = _today(result, question)
    return {**document, "today": today, "text": paragraph(document, today)}


def decide_run(
    material: Material, outcome: Outcome, budget: Budget, present: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """The decision that a training's settings ask for; None when they ask for none, {"skipped": why} when the goal is
    out of reach. Intervals are left out, and that is said, when there is no time for them."""
    question = question_of(material.options.settings, material.target)
    if question is None:
        return None
    needed = SECONDS + SECONDS_PER_ROW * len(outcome.oof.y)
    if question.by is not None:
        needed += SECONDS_PER_SEGMENT * min(material.frame[question.by].n_unique(), MOST_SEGMENTS)
    left = float("inf") if budget.limit is None else budget.limit - budget.elapsed() - REPORT_SECONDS
    costs = material.options.settings.problem.model_dump(mode="json", exclude_defaults=True)
    try:
        document = decision_document(
            question,
            rows_of(material, outcome, question.by),
            threshold=None if outcome.threshold is None else outcome.threshold.value,
            result={"target": material.target.to_json(), "problem": costs, "present_process": present},
            seed=material.options.seed,
            resamples=None if left >= needed else 0,
        )
    except UserError as error:
        return {"skipped": str(error), "flags": question.flags()}
    if left < needed:
        document["reasons"].append(f"without intervals: they take about {needed:.1f} s, and the time limit left less")
    return document


def _today(result: Mapping[str, Any], question: Question) -> dict[str, Any] | None:
    """The present process in 1,000 cases, where its answers were measured on the same kind of rows."""
    present = result.get("present_process")
    if not isinstance(present, Mapping) or question.prevalence is not None:
        return None
    found = per_thousand(PRESENT, present.get("confusion"), result)
    if found is None or found.missed is None:
        return None
    same = question.costs is not None and found.false is not None and found.found is not None
    cost = None
    if same and question.costs is not None:
        target = Target.from_json(result["target"])
        alarm, miss, hit, rest = question.costs.of_two(target.positive_index)
        passed = 1000 - found.found - found.missed - found.false  # type: ignore[operator]
        cost = alarm * found.false + miss * found.missed + hit * found.found + rest * passed  # type: ignore[operator]
    return {"name": "today", "missed": found.missed, "flagged": found.flagged, "cost": cost}


def with_label(document: Mapping[str, Any], label: str, version: str, origin: str) -> dict[str, Any]:
    """The document with its number, its version and who asked for it."""
    return {**document, "label": label, "version": version, "origin": origin}
