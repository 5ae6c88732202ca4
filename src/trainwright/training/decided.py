"""Decisions on the out-of-fold rows of a run: the question its settings ask, the rows, the answer as a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trainwright.config.settings import Settings
from trainwright.data.copies import find_copies
from trainwright.data.dataset import inner_units
from trainwright.data.infer import absent
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.costs import of_classes
from trainwright.evaluate.deciding.decide import decide
from trainwright.evaluate.deciding.policy import segment_texts
from trainwright.evaluate.deciding.question import Question, ask
from trainwright.evaluate.deciding.rows import MOST_SEGMENTS, Rows
from trainwright.evaluate.deciding.words import paragraph
from trainwright.evaluate.decision_figures import per_thousand
from trainwright.evaluate.present_process import PRESENT
from trainwright.evaluate.resampling import Units, make_units

if TYPE_CHECKING:
    from trainwright.training.budget import Budget
    from trainwright.training.outcome import Outcome
    from trainwright.training.run import Material

KEY = "the column of --by"
# What the intervals of a decision take, roughly: a part that hardly depends on the rows, and one that does.
SECONDS, SECONDS_PER_ROW, SECONDS_PER_SEGMENT = 2.5, 4e-6, 0.25
REPORT_SECONDS = 1.5


def question_of(settings: Settings, target: Target) -> Question | None:
    """What the block `decision:` of a run asks, or None.

    A review band takes its costs from `problem.costs` and its width from `requirements.max_review_share` where the
    block names none.

    Raises:
        UserError: it cannot be answered for this target.
    """
    wanted = settings.decision
    if not wanted.asked:
        return None
    given = dict(wanted.given())
    if wanted.review_band:
        given |= _for_band(settings, target, given)
    try:
        return ask(target, unit=settings.problem.costs.unit, **given)
    except UserError as error:
        raise UserError(f"decision: {error.problem}", remedy=error.remedy) from None


def goal_of(settings: Settings, target: Target) -> tuple[dict[str, Any], str]:
    """The goal that a run's settings state in any block, as arguments of `ask`, and where it stands; ({}, "") when none
    does.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> stated = load_settings(text="problem: {costs: {false_positive: 1, false_negative: 20}}")
        >>> goal_of(stated, Target("y", "classes", ("no", "yes"), positive="yes"))
        ({'cost': {'fp': 1.0, 'fn': 20.0}}, 'problem.costs')
    """
    if settings.decision.asked:
        return settings.decision.given(), "decision"
    needs, costs = settings.requirements, stated_costs(settings, target)
    for name in ("min_recall", "min_precision"):
        value = getattr(needs, name)
        value = value.get(target.positive) if isinstance(value, dict) else value
        if value is not None and len(target.classes) == 2:
            return {name: value}, f"requirements.{name}"
    if costs:
        return {"cost": costs}, "problem.costs" if len(target.classes) == 2 else "problem.class_costs"
    if needs.max_review_share is not None and len(target.classes) == 2:
        return {"capacity": needs.max_review_share}, "requirements.max_review_share"
    return {}, ""


def stated_costs(settings: Settings, target: Target) -> Any:
    """The costs of the problem statement as `costs.read_costs` takes them, or None."""
    costs = settings.problem.costs
    if len(target.classes) == 2 and costs.false_positive and costs.false_negative:
        return {"fp": costs.false_positive, "fn": costs.false_negative}
    if len(target.classes) > 2 and settings.problem.class_costs:
        found = of_classes(target, settings.problem.class_costs)
        return None if found is None else [list(row) for row in found.matrix]
    return None


def _for_band(settings: Settings, target: Target, given: Mapping[str, Any]) -> dict[str, Any]:
    """What a review band takes from other blocks: costs with the review's, and the share that can be reviewed."""
    out: dict[str, Any] = {}
    stated, review = stated_costs(settings, target), settings.problem.costs.review
    if "cost" not in given and isinstance(stated, dict):
        out["cost"] = stated if review is None else {**stated, "review": review}
    if "capacity" not in given and settings.requirements.max_review_share is not None:
        out["capacity"] = settings.requirements.max_review_share
    return out


def complete(asked: Mapping[str, Any], settings: Settings, target: Target) -> tuple[dict[str, Any], list[str]]:
    """The arguments of `ask` with what the settings add where the user named no goal, and what was added, in words.

    Args:
        asked: the keys that the user gave.
        settings: of the version's run.
        target: of the version.
    """
    given = {key: value for key, value in asked.items() if value is not None and value is not False}
    goals = ("cost", "capacity", "min_precision", "min_recall", "recall_at", "beta", "threshold")
    if target.task != "classes":
        return given, []
    if given.get("review_band"):
        added = _for_band(settings, target, given)
        # A cost of a review that the user gave must not be lost beside a stated table.
        words = {"cost": "the costs of the problem statement", "capacity": "requirements.max_review_share"}
        return {**given, **added}, [f"{words[key]} of the training's settings" for key in added]
    if any(name in given for name in goals):
        return given, []
    goal, where = goal_of(settings, target)
    if not goal:
        return given, []
    return {**goal, **given}, [f"the goal of the training's settings ({where})"]


def check_decision(settings: Settings, target: Target, columns: list[str]) -> None:
    """Refuses a `decision:` that cannot be made, before anything is written.

    Raises:
        UserError: naming the key.
    """
    question = question_of(settings, target)
    if question is not None and question.by is not None:
        check_segment_column(question.by, target, columns)


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
