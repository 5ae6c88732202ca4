"""Roughly how long a fit takes: a pure function of the data's size, so that the same command plans the same work.

The constants were measured in process time on one core of a 2-core Debian machine (200 to 30,000 rows, 10 to 30
columns, 2 to 7 classes and numbers; categories of 12 values). They are within a factor of two there; what matters
more to a plan is how they grow.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

THREAD_GAIN = 0.75  # two threads take 1 / 2 ** 0.75 of the time of one
TOKEN_SECONDS = 1e-4  # to embed a token with MiniLM on one thread
STEP_SECONDS = 0.12  # of the optimiser
EMBEDDED_SHARE = 0.4  # of the embedding of all rows that falls on one of five folds, roughly
NETS = ("neural_network", "tabular_net")
DEFAULT_SHAPES = {"neural_network": "128 64/32", "tabular_net": "256 256 256/256"}
CATBOOST_DEPTH, CATBOOST_LEVEL = 6, 1.6  # a level more of its full trees takes so many times as long
NET_SPEED = 3.5e10  # operations in a second of one thread, everything between products of matrices included
ENGINEERING_ROWS = 20_000  # beyond it features are looked for in a sample of the rows


def estimate_seconds(
    family: str,
    n_rows: int,
    n_numbers: int,
    n_categories: int,
    n_outputs: int,
    iterations: int,
    threads: int,
    tokens: float = 0.0,
) -> float:
    """Seconds of one fit, the import of its library left out.

    Args:
        family: the family's name; "lightgbm:engineered" for LightGBM on engineered features, "catboost:8" for trees
            of depth 8, and a network with its layers and its batch, such as "tabular_net:256 256/128".
        n_rows: training rows.
        n_numbers: numbers, calendar parts and other features read as numbers.
        n_categories: category columns.
        n_outputs: number of classes, or 1 for a number.
        iterations: boosting rounds or trees; 0 where the family has none.
        threads: threads of the fit.
        tokens: of the texts of one row, for the families that read them.

    Returns:
        seconds, always more than 0.

    Example:
        >>> estimate_seconds("lightgbm", 10_000, 10, 0, 2, 500, 1) < estimate_seconds(
        ...     "catboost", 10_000, 10, 0, 2, 500, 1
        ... )
        True
    """
    # Two classes need one score per row, k classes k of them.
    outputs = n_outputs if n_outputs > 2 else 1
    name, _, features = family.partition(":")
    numbers, categories = n_numbers, n_categories
    once, each = _other(name, n_rows, numbers, categories, n_outputs)
    if name == "catboost":
        once, each = _catboost(n_rows, numbers, categories, n_outputs)
        each *= CATBOOST_LEVEL ** (int(features or CATBOOST_DEPTH) - CATBOOST_DEPTH)
    elif name == "lightgbm" and features == "engineered":
        once, each = _engineered(n_rows, numbers, categories, outputs)
    elif name == "lightgbm":
        once, each = _lightgbm(n_rows, numbers + categories, outputs)
    elif name in NETS:
        once, each = _net(name, features, n_rows, numbers, categories, n_outputs)
    elif name in ("text_embedding", "text_transformer"):
        once, each = _texts(name, n_rows, numbers, categories, n_outputs, tokens)
    return 0.005 + (once + iterations * each) / max(1, threads) ** THREAD_GAIN


def _lightgbm(n: int, columns: int, outputs: int) -> tuple[float, float]:
    """Seconds before the first round, and seconds per round, of 31 leaves on one thread."""
    # Histograms of very many columns no longer fit into the processor's caches.
    wide = 2.5 if columns > 500 else 1.0
    return n * columns * 1.8e-7, outputs * (1.7e-4 + wide * columns * (2.5e-5 + 7.5e-9 * n))


def _engineered(n: int, numbers: int, categories: int, outputs: int) -> tuple[float, float]:
    """The same with features engineered first: some thirty more columns, found by small models."""
    looked_at = min(n, ENGINEERING_ROWS)
    columns = numbers + categories
    search = 0.25 + 4.5e-5 * looked_at + 0.01 * min(columns, 500) * (1 + 1e-4 * looked_at) + 0.08 * categories
    wider = columns + 20 + 2 * categories
    once, each = _lightgbm(n, wider, outputs)
    return once + search * (1 + 0.04 * outputs) + n * wider * 1e-6, each


def _catboost(n: int, numbers: int, categories: int, n_outputs: int) -> tuple[float, float]:
    """Seconds before the first iteration, and per iteration, at depth 6 with 128 borders on one thread."""
    outputs = n_outputs if n_outputs > 2 else 1
    cuts = numbers * (6e-5 + 9e-9 * n) * (0.85 * outputs if outputs > 1 else 1)
    # Statistics of categories and their combinations are kept for every class and several permutations.
    statistics = categories * (2.2e-4 + 1.1e-7 * n) * (2 * outputs if outputs > 1 else 1)
    leaves = 6e-8 * n if n_outputs == 2 else 0.0  # ten Newton steps per leaf for two classes
    return n * (numbers + categories) * 2e-7, 1e-4 + cuts + statistics + leaves


def net_shape(name: str, settings: Mapping[str, Any], rows: int) -> str:
    """The layers and the batch of a network, as `estimate_seconds` takes them behind the family's name.

    Example:
        >>> net_shape("neural_network", {"layers": "128, 64", "batch_size": None}, 5_000)
        '128 64/32'
    """
    if name == "neural_network":
        from trainwright.models.nets.sizes import batch_for
        from trainwright.models.neural_network import units_of

        units = units_of(str(settings["layers"]))
        batch = settings["batch_size"] or batch_for(rows)[0]
    else:
        units = (int(settings["width"] or 256),) * int(settings["depth"])
        batch = settings["batch_size"]
    return f"{' '.join(map(str, units))}/{batch}"


def _net(name: str, shape: str, n: int, numbers: int, categories: int, n_outputs: int) -> tuple[float, float]:
    """Seconds before the first epoch, and per epoch: forward and backward of every row, and the steps themselves."""
    layers, _, batch = (shape or DEFAULT_SHAPES[name]).partition("/")
    waves = 3 * numbers if name == "tabular_net" else 0
    sizes = [numbers + 8 * categories + waves, *map(int, layers.split()), n_outputs]
    weights = sum(a * b for a, b in pairwise(sizes))
    step = 1.5e-3 if name == "tabular_net" else 4.5e-4
    rows = min(int(batch), n)
    return 0.3 + n * (numbers + categories) * 1e-6, n / max(rows, 1) * step + n * 6 * weights / NET_SPEED


def _texts(name: str, n: int, numbers: int, categories: int, n_outputs: int, tokens: float) -> tuple[float, float]:
    """Seconds before the first epoch, and per epoch, with MiniLM in bf16; other base models take several times that.

    Folds share what was embedded: each is counted with a part of it. Batches hold texts of like length, so that what
    counts is tokens; a processor without bf16 takes twice the time.
    """
    outputs = n_outputs if n_outputs > 2 else 1
    columns = 400 + numbers + 8 * categories
    embedding = n * (tokens + 4) * TOKEN_SECONDS * EMBEDDED_SHARE
    head = n * columns * 2.5e-8 * outputs
    if name == "text_embedding":
        return 1.0 + embedding + 1.5 * head, 0.0
    # Forward and backward, and what AdamW does with 23 million weights after every sixteen texts.
    return 2.0 + embedding + head, n * ((tokens + 4) * 4 * TOKEN_SECONDS + STEP_SECONDS / 16)


def _other(name: str, n: int, numbers: int, categories: int, n_outputs: int) -> tuple[float, float]:
    """Seconds before the first iteration, and per iteration or tree, of every other family."""
    outputs = n_outputs if n_outputs > 2 else 1
    columns = max(1, numbers + categories)
    dummies = numbers + 8 * categories  # columns after one-hot encoding
    slower = 1.5 if n_outputs == 1 else 1.0  # trees for numbers compare more distinct values
    table = {
        "baseline": (n * 1e-6, 0.0),
        "linear": (n * dummies * 2.5e-7 * outputs, 0.0),
        "decision_tree": (n * columns * 4e-7, 0.0),
        "forest": (n * columns * 1e-7, slower * n * 1.2e-6 * (columns / 12) ** 0.5),
        "extra_trees": (n * columns * 1e-7, n * 9e-7 * (columns / 12) ** 0.5),
        "hist_gradient_boosting": (n * columns * 2e-7, outputs * (1.3e-3 + 5e-9 * n * columns)),
        "adaboost": (0.0, n * columns * 7e-8),
        # Two bags; short tables stop at a tenth of their rounds, long ones use them all. Most of a round is Python,
        # which fits side by side in threads must share.
        "ebm": (0.3 + n * columns * 1e-6, outputs**0.5 * 2.5 * columns * (5.5e-5 + 1e-9 * n)),
        "xgboost": (n * columns * 2e-7, outputs * (3e-4 + columns * (2e-5 + 6e-9 * n))),
        "svm": (n * n * columns * 2.5e-8 * outputs, 0.0),
    }
    return table.get(name, (n * columns * 1e-6, n * columns * 1e-8))
