"""The rules of advice that are for networks alone: larger batches, gradients that are cut, a warm-up, smaller layers.

The values are those printed in guides to networks: batches of 128, gradients cut at 1.0, a warm-up of a tenth.
"""

from __future__ import annotations

from collections.abc import Iterator

from trainwright.engine.diagnosis import LEAST_RATE
from trainwright.evaluate import advice_settings as steps
from trainwright.evaluate.advice_rules import Remedy, Result, change, seen
from trainwright.evaluate.advice_settings import NETWORKS, NEURAL, Row, single
from trainwright.evaluate.formats import duration

BATCH, CLIP, WARM_UP = 128, 1.0, 0.1
# Steps that an epoch keeps, at least, where batches become larger.
FEWEST_STEPS = 8


def network(result: Result) -> Row | None:
    """The candidate that advice is about, where it is a network."""
    row = single(result)
    return row if row is not None and row.family in NETWORKS else None


def larger_batch(result: Result) -> Iterator[Remedy]:
    """Steps of more rows: their gradients differ less, and an epoch takes less time."""
    row = network(result)
    old = None if row is None else row.value("batch_size")
    rows = (result.get("n_rows") or {}).get("train")
    new = BATCH
    while isinstance(rows, int) and new > 1 and new * FEWEST_STEPS > rows:
        new //= 2
    if row is not None and isinstance(old, int) and old < new:
        text = "take more rows into a step"
        yield change(result, "larger_batch", text, seen(result), row.key("batch_size"), old, new)


def clip(result: Result) -> Iterator[Remedy]:
    """Gradients cut where they are large."""
    row = network(result)
    if row is None or "gradient_clip" not in row.spec.defaults():
        return
    old = row.value("gradient_clip")
    if old is None or old > CLIP:
        yield change(result, "clip_gradients", "cut large gradients", seen(result), row.key("gradient_clip"), old, CLIP)


def warm_up(result: Result) -> Iterator[Remedy]:
    """A rate that rises from zero first."""
    row = network(result)
    if row is None or "warmup_ratio" not in row.spec.defaults():
        return
    scheduler = str(row.value("scheduler"))
    if scheduler.startswith("warmup") or scheduler == "one_cycle":
        return
    if not row.value("warmup_ratio") and not row.value("warmup_steps"):
        text = "let the learning rate rise from zero first"
        yield change(result, "warm_up", text, seen(result), row.key("warmup_ratio"), 0.0, WARM_UP)


def other_activation(result: Result) -> Iterator[Remedy]:
    """A function between layers whose gradient does not vanish."""
    row = network(result)
    old = None if row is None else row.value("activation")
    rate = None if row is None else row.value("learning_rate")
    if isinstance(rate, int | float) and rate < LEAST_RATE:
        return  # so small that hardly anything learns, whatever bends between the layers
    if row is not None and row.family == NEURAL and old in ("sigmoid", "tanh", "relu"):
        new = "gelu" if old == "relu" else "relu"
        text = "take an activation whose gradient does not vanish"
        yield change(result, "other_activation", text, seen(result), row.key("activation"), old, new)


def quicker(result: Result) -> Iterator[Remedy]:
    """Larger steps and fewer units, where the time limit took epochs from the network."""
    row, budget = network(result), result.get("budget") or {}
    if row is None or not any(str(why).startswith(f"{row.name}:") for why in budget.get("shortened") or []):
        return
    because = f"the limit of {duration(budget['limit_s'])} took epochs from it" if budget.get("limit_s") else ""
    for remedy in larger_batch(result):
        yield change(result, "larger_batch", remedy.text, because, str(remedy.key), remedy.old, remedy.new)
    if row.family == NEURAL:
        for key, old, new in steps.neural(result, simpler=True, row=row):
            if key == "training.layers":
                yield change(result, "smaller_layers", "take fewer units", because, key, old, new)
