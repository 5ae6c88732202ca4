"""What to do about a training: each piece of advice rests on evidence in its result and names key, old and new value.

The causes and remedies are those usually taught for overfitting, underfitting, issues of the data, unstable and slow
training; one is given only where the run shows its cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from trainwright.evaluate import advice_networks as net
from trainwright.evaluate import advice_rules as give
from trainwright.evaluate.advice_rules import Remedy, Result
from trainwright.evaluate.advice_settings import network_of, single
from trainwright.evaluate.convergence import over_folds

MOST = 6
# Of these, for networks that were asked for by name and are not chosen.
MOST_FOR_OTHERS = 3
Rule = Callable[[Result], Iterator[Remedy]]


def remedies(result: Result) -> list[Remedy]:
    """The advice for a training, most useful first; at most six pieces.

    What was chosen comes first. A network that was asked for by name and is not chosen gets advice on its settings
    where its own curve or its training says what is wrong with them.

    Args:
        result: the result document.

    Example:
        >>> found = remedies({"diagnosis": {"code": "good", "text": "fine"}, "source": "t.csv", "settings": {}})
        >>> found
        []
    """
    diagnosed = str((result.get("diagnosis") or {}).get("code") or "")
    settled = str((result.get("convergence") or {}).get("code") or "")
    rules: list[Rule] = []
    for code in dict.fromkeys((diagnosed, settled)):
        rules += RULES.get(code, [])
    row = single(result)
    if row is not None:
        rules += [rule for code in _told(result, row.name) for rule in BY_EVENT.get(code, [])]
        rules.append(net.quicker)
    found = _follow([*rules, give.seeds, give.more_rows, give.more_time], result)
    others = [remedy for name in _asked(result) for remedy in _on_settings(result, name)][:MOST_FOR_OTHERS]
    return found[: MOST - len(others)] + others


def _follow(rules: Iterable[Rule], result: Result) -> list[Remedy]:
    """What the rules give, each piece once."""
    found: dict[tuple[str, str | None], Remedy] = {}
    for rule in rules:
        for remedy in rule(result):
            found.setdefault((remedy.code, remedy.key), remedy)
    return list(found.values())


def _told(result: Result, name: str) -> list[str]:
    """The codes of advice that a network's training told itself, most useful first."""
    events = network_of(result, name).get("events") or []
    return list(dict.fromkeys(code for event in events for code in event.get("advice") or []))


def _asked(result: Result) -> list[str]:
    """Networks that were asked for by name and are no part of what was chosen."""
    chosen = {result.get("selected"), *(result.get("weights") or {})}
    return [one["name"] for one in result.get("networks") or [] if one.get("asked") and one["name"] not in chosen]


def _on_settings(result: Result, name: str) -> Iterator[Remedy]:
    """Advice on the settings of a network as though it had been chosen."""
    verdict = over_folds(result.get("curves") or [], name)
    events = network_of(result, name).get("events") or []
    text = str(verdict["text"]) if verdict is not None else str(events[0]["text"]) if events else ""
    own: dict[str, Any] = {"selected": name, "weights": {}, "convergence": verdict, "diagnosis": {"text": text}}
    rules = [rule for rule in RULES.get(str((verdict or {}).get("code")), []) if rule in ON_SETTINGS]
    rules += [rule for code in _told(result, name) for rule in BY_EVENT.get(code, []) if rule in ON_SETTINGS]
    for remedy in _follow([*rules, net.quicker], {**result, **own}):
        because = f"{name} was asked for and is not chosen, and {remedy.because}"
        text = remedy.text if name in remedy.text else f"{name}: {remedy.text}"
        yield replace(remedy, text=text, because=because, about=name)


RULES: dict[str, list[Rule]] = {
    "overfitting": [
        give.identifiers,
        give.leaks,
        give.stop_earlier,
        give.regularise,
        give.simplest,
        give.folds,
        give.copies,
    ],
    "underfitting": [give.more_rounds, give.freer, give.faster, give.labels, give.class_weight, give.kinds],
    "converged_poor": [give.freer, give.labels, give.kinds],
    "plateau": [give.faster, give.freer, give.labels, give.kinds],
    "slow": [give.faster, give.more_rounds, net.larger_batch],
    "still_improving": [give.more_rounds],
    "data_issue": [give.leaks, give.labels, give.copies, give.roles, give.identifiers, give.class_weight, give.kinds],
    "unstable": [give.folds, give.roles, give.class_weight, give.labels, give.regularise],
    "oscillating": [give.calmer, net.larger_batch, net.clip, net.warm_up, give.labels, give.regularise],
    "diverged": [give.calmer, net.clip, net.warm_up, give.labels, give.regularise],
    "validation_above_training": [give.roles, give.copies, give.folds, give.redraw],
}
"""By diagnosis or verdict, what is tried, most useful first."""

BY_EVENT: dict[str, list[Rule]] = {
    "lower_learning_rate": [give.calmer],
    "raise_learning_rate": [give.faster],
    "clip_gradients": [net.clip],
    "warm_up": [net.warm_up],
    "larger_batch": [net.larger_batch],
    "other_activation": [net.other_activation],
    "check_labels": [give.labels],
    "check_inputs": [give.kinds],
}
"""By the code of advice that the training loop gives (`engine.diagnosis.ADVICE`), what is tried."""

ON_SETTINGS: tuple[Rule, ...] = (
    give.faster,
    give.calmer,
    give.freer,
    give.regularise,
    give.more_rounds,
    give.stop_earlier,
    net.larger_batch,
    net.clip,
    net.warm_up,
    net.other_activation,
)
"""The rules that change a candidate's settings alone."""
