"""Turns a time limit into an ordered list of trials: counts of folds, rows and iterations, never a clock.

The plan is a pure function of the data's size and the settings, so the same command plans the same work. While it
runs, the clock may cut it short; what was cut is stored as counts, and a replay obeys those.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from trainwright.config.known import TABULAR_NET, networks_here
from trainwright.data.checks.long_texts import tokens_of
from trainwright.models.extras import text_models_here
from trainwright.models.families import families
from trainwright.training import rebalance_plan
from trainwright.training.portfolio import INNER, further, strongest
from trainwright.training.portfolio_text import MISSING, about_texts
from trainwright.training.steps import ASKED, CUSTOM, Facts, Step, estimate, wall

if TYPE_CHECKING:
    from trainwright.data.columns import Layout
    from trainwright.training.trials import Work

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
SHARES = {
    "catboost": 0.55,
    "lightgbm_engineered": 0.3,
    "lightgbm": 0.15,
    "text_embedding": 0.3,
    "text_transformer": 0.55,
    "neural_network": 0.4,
    "tabular_net": 0.55,
}
# Of the seconds for fits, what a network among the further contenders is sized to, and its fewest epochs there.
NET_SHARE, NET_EPOCHS = 0.4, 16
# Families that rows cut from the training rows stop, where they are asked for by name.
STOPPED = ("lightgbm", "hist_gradient_boosting", "xgboost", "text_transformer", "neural_network", "tabular_net")
TOKEN_ROWS = 1_000
# CatBoost with fewer rounds than this does better with plain counters for its categories, at half the cost.
FEW_ROUNDS = 150
# How a reason ends that made a contender smaller.
AFFORDS = "which is what the time limit affords"
# What a baseline forest may cost: enough to be a fair yardstick, light enough to be always there.
BASELINE_SETTINGS: dict[str, dict[str, Any]] = {"forest": {"n_estimators": 100, "min_samples_leaf": 5}}


@dataclass(frozen=True)
class Plan:
    """The ordered trials, and what was decided on the way, in words.

    Args:
        steps: the trials, in order.
        reasons: what was decided, in words.
        too_long: those of the reasons that say what the time is too short for.
    """

    steps: tuple[Step, ...]
    reasons: tuple[str, ...] = ()
    too_long: tuple[str, ...] = ()

    @property
    def shortened(self) -> list[str]:
        """Those of the reasons that say what the time limit cut or made smaller."""
        return [reason for reason in self.reasons if reason in self.too_long or reason.endswith(AFFORDS)]

    def to_json(self) -> dict[str, Any]:
        steps = [asdict(step) for step in self.steps]
        return {"steps": steps, "reasons": list(self.reasons), "too_long": list(self.too_long)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        steps = tuple(Step(**step) for step in data["steps"])
        return cls(steps, tuple(data["reasons"]), tuple(data.get("too_long") or ()))


def choose_folds(n_rows: int, seconds: float) -> int | None:
    """The number of folds a short limit affords, or None to let the size of the data decide.

    Example:
        >>> choose_folds(30_000, 20.0), choose_folds(30_000, 120.0)
        (3, None)
    """
    if seconds >= 45 or n_rows < 500:
        return None
    return 3 if n_rows > 2_000 else 5


def facts_of(work: Work, layout: Layout) -> Facts:
    """What plans and estimates of time depend on.

    Args:
        work: development rows and folds.
        layout: their columns.
    """
    n_train = int(np.median([len(fold.train) for fold in work.folds]))
    return Facts(
        task=work.target.task,
        n_rows=len(work.dataset),
        n_train=rebalance_plan.rows_learned(work.rebalance, work.dataset.y, n_train),
        n_folds=len(work.folds),
        n_numbers=len(layout.numbers) + len(layout.times),
        n_categories=len(layout.categories),
        n_texts=len(layout.texts),
        n_outputs=work.target.n_outputs,
        threads=work.threads,
        jobs=work.jobs,
        tokens=_tokens(work.dataset.columns.texts),
        text_models=bool(layout.texts) and text_models_here(),
        networks=networks_here(),
    )


def _tokens(texts: np.ndarray) -> float:
    """About how many tokens the texts of a row have, from some of the rows."""
    some = texts[:: max(1, len(texts) // TOKEN_ROWS)]
    return (
        float(sum(tokens_of(pl.Series(column.tolist(), dtype=pl.String)).mean() for column in some.T))
        if len(some)
        else 0
    )


def make_plan(
    facts: Facts,
    seconds: float,
    *,
    chosen: tuple[str, ...] = (),
    family_settings: dict[str, dict[str, Any]] | None = None,
    custom: tuple[str, ...] = (),
    optional: bool = True,
    also: tuple[str, ...] = (),
) -> Plan:
    """The trials that fit into `seconds` of fitting.

    Args:
        facts: size of the data and of the machine.
        seconds: seconds for all fits.
        chosen: families asked for by name; empty for the default plan.
        family_settings: settings per family given by the user; they win over the plan's own.
        custom: names of estimators handed over in Python.
        optional: whether further contenders may follow, for a clock that decides how many begin.
        also: families that settings ask for beside the default plan.

    Returns:
        Baselines first, then the contenders, strongest first.
    """
    given = family_settings or {}
    reasons: list[str] = []
    too_long: list[str] = []
    steps = [_baseline(name, facts, given) for name in BASELINES if _fits(name, facts)]
    spent = sum(wall(step, facts) for step in steps)
    for name in custom:
        steps.append(Step(name, f"{CUSTOM}{name}", {}, seconds=0.0, reason=HANDED_OVER))
        reasons.append(f"{name} is {HANDED_OVER}")
    contenders = _named(chosen) if chosen else strongest(facts)
    if also and not chosen and not about_texts(facts):
        reasons += [f"{name} joins the plan, because settings of it are given" for name in also]
        contenders = [*contenders, *_named(also)]
    for i, step in enumerate(contenders):
        if step.family in given:
            step = replace(step, settings=step.settings | given[step.family])
        # A strong first family must not eat the time of the second: their errors differ, which is what pays.
        shares = [SHARES.get(later.name, 1.0) for later in contenders[i:]]
        rest = (seconds - spent) * shares[0] / sum(shares)
        asked = bool(chosen) or step.family in also
        sized, reason = _size(step, facts, rest, asked, given.get(step.family, {}))
        if reason:
            reasons.append(reason)
        if sized is None:
            too_long += [reason] if _fits(step.family, facts) else []
            continue
        steps.append(sized)
        spent += wall(sized, facts)
    if optional and not chosen and len(steps) - len(custom) == len(BASELINES) + len(contenders):
        # Whether they begin is decided by the clock, when what was planned is done: estimates are rough.
        for step in further(facts):
            step = replace(step, settings=step.settings | given.get(step.family, {}))
            if step.family == TABULAR_NET:
                step = _net(step, facts, seconds, given.get(TABULAR_NET, {}))
            step = replace(step, seconds=estimate(step, facts))
            if wall(step, facts) <= seconds:
                steps.append(step)
    if about_texts(facts) and not facts.text_models and not chosen:
        reasons.append(MISSING)
    if not any(step.role == "candidate" for step in steps) and not chosen:
        too_long.append(
            f"{seconds:.0f} s of fitting are too short for one booster on {facts.n_rows:,} rows: baselines only"
        )
        reasons.append(too_long[-1])
    return Plan(tuple(steps), tuple(reasons), tuple(too_long))


def _net(step: Step, facts: Facts, seconds: float, given: dict[str, Any]) -> Step:
    """A network among the further contenders, with as many epochs as its share of the time buys."""
    spec = families()[step.family]
    if spec.max_rows is not None and facts.n_train > spec.max_rows:
        step = replace(step, max_rows=spec.max_rows)
    if "epochs" in given:
        return step
    most = int((spec.defaults() | step.settings)["epochs"])
    full = replace(step, seconds=estimate(step, facts))
    affordable = int(most * NET_SHARE * max(min(seconds, 1e9), 0.0) / max(wall(full, facts), 1e-9))
    return replace(step, settings=step.settings | {"epochs": min(most, max(NET_EPOCHS, affordable))})


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


def _named(chosen: tuple[str, ...]) -> list[Step]:
    """The contenders that the user named; baselines are there already."""
    steps = []
    for name in chosen:
        if name in BASELINES:
            continue
        inner = INNER if name in STOPPED else 0.0
        settings = {"features": "plain"} if name == "lightgbm" else {}
        steps.append(Step(name, name, settings, inner=inner, reason=ASKED))
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
    floor, unit = spec.fewest, "epochs" if spec.iterations == "epochs" else "rounds"
    affordable = int(most * max(rest, 0.0) / max(wall(full, facts), 1e-9))
    if affordable < floor and not asked:
        return None, f"{step.name} is left out: {floor} {unit} need more than the {max(rest, 0):.0f} s that are left"
    rounds = min(most, max(floor, affordable))
    small = replace(step, settings=step.settings | {spec.iterations: rounds})
    if step.family == "catboost" and rounds < FEW_ROUNDS and facts.n_categories:
        small = replace(small, settings={"max_ctr_complexity": 1} | small.settings)
    small = replace(small, seconds=estimate(small, facts))
    if wall(small, facts) > rest * 1.1 and not asked:
        return None, f"{step.name} is left out: about {wall(small, facts):.0f} s, {max(rest, 0):.0f} s are left"
    return small, f"{step.name}: {rounds} {unit} instead of {most}, {AFFORDS}"
