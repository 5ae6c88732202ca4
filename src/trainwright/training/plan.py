"""Turns a time limit into an ordered list of trials: counts of folds, rows and iterations, never a clock.

The plan is a pure function of the data's size and the settings, so the same command plans the same work. While it
runs, the clock may cut it short; what was cut is stored as counts, and a replay obeys those.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from trainwright.models.cost import estimate_seconds
from trainwright.models.families import families

BASELINES = ("baseline", "linear", "forest")
# A baseline is a yardstick, not a contender for size: of more than the first number of training rows it learns from a
# sample of the second.
BASELINE_LIMIT, BASELINE_ROWS = 30_000, 20_000
# Of a table this long even a yardstick's predictions cost seconds: it has fewer trees, grown on fewer rows.
LONG_TABLE, LONG_ROWS, LONG_TREES = 200_000, 10_000, 25
# The share of the time for fits that contenders may plan with; the rest refits the chosen members.
FITS_SHARE = 0.85
HANDED_OVER = "handed over in Python: compared with the others, never packaged, because a package holds no pickle"
# How the time for contenders is shared; what one leaves goes to those after it.
SHARES = {"catboost": 0.55, "lightgbm_engineered": 0.3, "lightgbm": 0.15, "lightgbm_wide": 0.2, "extra_trees": 0.1}
# With this many seconds for fits, and rows enough that two more models cannot overfit the weights, more are planned.
MORE_SECONDS, MORE_ROWS = 200.0, 2_000
# An early-stopped booster keeps about this share of its rounds.
STOPPED_SHARE = 0.4
# CatBoost with fewer rounds than this does better with plain counters for its categories, at half the cost.
FEW_ROUNDS = 150
# What a baseline forest may cost: enough to be a fair yardstick, light enough to be always there.
BASELINE_SETTINGS: dict[str, dict[str, Any]] = {"forest": {"n_estimators": 100, "min_samples_leaf": 5}}


@dataclass(frozen=True)
class Facts:
    """What the plan depends on.

    Args:
        task: "classes" or "number".
        n_rows: development rows.
        n_train: rows that one fold trains on.
        n_folds: fits per trial.
        n_numbers, n_categories, n_texts: feature columns by kind (times count as numbers).
        n_outputs: classes, or 1.
        threads: threads of one fit.
        jobs: fits side by side.
    """

    task: str
    n_rows: int
    n_train: int
    n_folds: int
    n_numbers: int
    n_categories: int
    n_texts: int
    n_outputs: int
    threads: int
    jobs: int


@dataclass(frozen=True)
class Step:
    """One trial of the plan: a family with settings, fitted on every fold.

    Args:
        name: its name in the leaderboard.
        family: the family.
        settings: the settings that differ from the family's defaults.
        role: "baseline" (always there, compared against) or "candidate".
        inner: share of the fold's own training rows cut off to stop the training, 0 for none.
        max_rows: training rows are sampled above this many, None for all.
        seconds: estimated seconds of one fit.
        reason: why it is in the plan.
    """

    name: str
    family: str
    settings: dict[str, Any] = field(default_factory=dict)
    role: str = "candidate"
    inner: float = 0.0
    max_rows: int | None = None
    seconds: float = 0.0
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """The ordered trials, and what was decided on the way, in words."""

    steps: tuple[Step, ...]
    reasons: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {"steps": [asdict(step) for step in self.steps], "reasons": list(self.reasons)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        return cls(tuple(Step(**step) for step in data["steps"]), tuple(data["reasons"]))


def estimate(step: Step, facts: Facts) -> float:
    """Seconds of one fit of the step, on this kind of machine, roughly."""
    spec = families()[step.family]
    settings = spec.defaults() | step.settings
    iterations = settings.get(spec.iterations) if spec.iterations else None
    if iterations and step.inner > 0:
        iterations = max(min(iterations, 150), iterations * STOPPED_SHARE)
    rows = min(facts.n_train, step.max_rows or facts.n_train)
    kind = f"{step.family}:{settings['features']}" if "features" in settings else step.family
    return estimate_seconds(
        kind,
        rows,
        facts.n_numbers + 20 * facts.n_texts,
        facts.n_categories,
        facts.n_outputs,
        int(iterations or 0),
        facts.threads,
    )


def wall(step: Step, facts: Facts) -> float:
    """Seconds until every fold of the step is done, with `jobs` fits side by side."""
    rounds = -(-facts.n_folds // facts.jobs)
    return step.seconds * rounds


def choose_folds(n_rows: int, seconds: float) -> int | None:
    """The number of folds a short limit affords, or None to let the size of the data decide.

    Example:
        >>> choose_folds(30_000, 20.0), choose_folds(30_000, 120.0)
        (3, None)
    """
    if seconds >= 45 or n_rows < 500:
        return None
    return 3 if n_rows > 2_000 else 5


def make_plan(
    facts: Facts,
    seconds: float,
    *,
    chosen: tuple[str, ...] = (),
    family_settings: dict[str, dict[str, Any]] | None = None,
    custom: tuple[str, ...] = (),
) -> Plan:
    """The trials that fit into `seconds` of fitting.

    Args:
        facts: size of the data and of the machine.
        seconds: seconds for all fits.
        chosen: families asked for by name; empty for the default plan.
        family_settings: settings per family given by the user; they win over the plan's own.
        custom: names of estimators handed over in Python.

    Returns:
        Baselines first, then the contenders, strongest first.
    """
    given = family_settings or {}
    reasons: list[str] = []
    steps = [_baseline(name, facts, given) for name in BASELINES if _fits(name, facts)]
    spent = sum(wall(step, facts) for step in steps)
    for name in custom:
        steps.append(Step(name, f"custom:{name}", {}, seconds=0.0, reason=HANDED_OVER))
        reasons.append(f"{name} is {HANDED_OVER}")
    contenders = _contenders(facts, chosen, seconds)
    for i, step in enumerate(contenders):
        if step.family in given:
            step = replace(step, settings=step.settings | given[step.family])
        # A strong first family must not eat the time of the second: their errors differ, which is what pays.
        shares = [SHARES.get(later.name, 1.0) for later in contenders[i:]]
        rest = (seconds - spent) * shares[0] / sum(shares)
        asked = bool(chosen)
        sized, reason = _size(step, facts, rest, asked, given.get(step.family, {}))
        if reason:
            reasons.append(reason)
        if sized is None:
            continue
        steps.append(sized)
        spent += wall(sized, facts)
    if not any(step.role == "candidate" for step in steps) and not chosen:
        reasons.append(
            f"{seconds:.0f} s of fitting are too short for one booster on {facts.n_rows:,} rows: baselines only"
        )
    return Plan(tuple(steps), tuple(reasons))


def _fits(name: str, facts: Facts) -> bool:
    return facts.task in families()[name].tasks


def _baseline(name: str, facts: Facts, given: dict[str, dict[str, Any]]) -> Step:
    settings = BASELINE_SETTINGS.get(name, {}) | given.get(name, {})
    sample = BASELINE_ROWS if facts.n_train > BASELINE_LIMIT and name != "baseline" else None
    if sample and facts.n_train > LONG_TABLE:
        sample = LONG_ROWS
        if name == "forest":
            settings = settings | {"n_estimators": LONG_TREES} | given.get(name, {})
    reason = "always there, so that every other model has something to beat"
    if sample:
        reason += f"; learns from {sample:,} of the training rows, enough for a yardstick"
    step = Step(name, name, settings, role="baseline", max_rows=sample, reason=reason)
    return replace(step, seconds=estimate(step, facts))


def _contenders(facts: Facts, chosen: tuple[str, ...], seconds: float) -> list[Step]:
    """The contenders before their sizes are known: the default plan, or what the user named."""
    if not chosen:
        engineered = {"features": "engineered", "learning_rate": 0.04, "extra_trees": facts.n_outputs > 2}
        steps = [
            Step("catboost", "catboost", {}, reason="strongest single family on tables of every size"),
            Step(
                "lightgbm_engineered",
                "lightgbm",
                engineered,
                inner=0.125,
                reason="boosting on cross-fitted target encodings, crosses, group-by and arithmetic features",
            ),
            Step(
                "lightgbm",
                "lightgbm",
                {"features": "plain", "num_leaves": 8, "feature_fraction": 0.5, "n_estimators": 1500},
                inner=0.125,
                reason="many small trees on plain columns: cheap, and its errors differ",
            ),
        ]
        if seconds >= MORE_SECONDS and facts.n_rows >= MORE_ROWS:
            wide = {"features": "plain", "num_leaves": 63, "learning_rate": 0.03, "min_child_samples": 40}
            why = "the time limit has room for another view of the table"
            steps.append(Step("lightgbm_wide", "lightgbm", wide, inner=0.125, reason=why))
            steps.append(Step("extra_trees", "extra_trees", {}, reason=why))
        return steps
    steps = []
    for name in chosen:
        if name in BASELINES:
            continue  # already there as a baseline
        inner = 0.125 if name in ("lightgbm", "hist_gradient_boosting", "xgboost") else 0.0
        settings = {"features": "plain"} if name == "lightgbm" else {}
        steps.append(Step(name, name, settings, inner=inner, reason="asked for by name"))
    return steps


def _size(step: Step, facts: Facts, rest: float, asked: bool, given: dict[str, Any]) -> tuple[Step | None, str]:
    """The step with as many iterations as `rest` seconds buy, or None with the reason for leaving it out."""
    spec = families()[step.family]
    if facts.task not in spec.tasks:
        return None, f"{step.name} is left out: it does not serve this task"
    if spec.max_rows is not None and facts.n_train > spec.max_rows:
        step = replace(step, max_rows=spec.max_rows)
    full = replace(step, seconds=estimate(step, facts))
    if wall(full, facts) <= rest or (spec.iterations is not None and spec.iterations in given):
        return full, ""
    if spec.iterations is None:
        if asked:
            return full, f"{step.name} may take longer than the limit: the clock decides"
        return None, f"{step.name} is left out: about {wall(full, facts):.0f} s, {max(rest, 0):.0f} s are left"
    most = int((spec.defaults() | step.settings)[spec.iterations])
    floor = 60
    affordable = int(most * max(rest, 0.0) / max(wall(full, facts), 1e-9))
    if affordable < floor and not asked:
        return None, f"{step.name} is left out: {floor} rounds need more than the {max(rest, 0):.0f} s that are left"
    rounds = min(most, max(floor, affordable))
    small = replace(step, settings=step.settings | {spec.iterations: rounds})
    if step.family == "catboost" and rounds < FEW_ROUNDS and facts.n_categories:
        small = replace(small, settings={"max_ctr_complexity": 1} | small.settings)
    small = replace(small, seconds=estimate(small, facts))
    if wall(small, facts) > rest * 1.1 and not asked:
        return None, f"{step.name} is left out: about {wall(small, facts):.0f} s, {max(rest, 0):.0f} s are left"
    return small, f"{step.name}: {rounds} rounds instead of {most}, which is what the time limit affords"
