"""What classes are called, or described as, as one more example of each where there are few.

A base model has read the words of a class's name before. Measured with MiniLM, without names and with them: banking77
with one example of each class 55 % and 70 % right, with five 77.5 % and 79.4 %, with ten 85.4 % and 85.8 %; sms_spam
with five 87.4 % and 88.8 %. Names for what is hard to tell apart ("offensive", "hateful") cost half a point with five
examples and more with twenty: few rows is when they are worth it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from trainwright.data.columns import Columns
from trainwright.data.notes import nearest
from trainwright.errors import UserError

AUTO, NAMES, NONE = "auto", "names", "none"
# Rows of a class, on average, up to which `auto` takes the names along.
FEW = 10
# Of a described class's row, beside one for every other row.
WEIGHT = 0.5
_WORD = re.compile(r"[^\W\d_]{3,}")


def in_words(name: str) -> str:
    """A class's name as one would say it; empty where it holds no word.

    Example:
        >>> in_words("card_arrival"), in_words("lostCard"), in_words("E-17")
        ('card arrival', 'lost card', '')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[\W_]+", " ", name)).strip()
    return parted.lower() if _WORD.search(parted) else ""


def descriptions(setting: str, classes: Sequence[str]) -> dict[int, str]:
    """The texts that stand for classes, by their positions.

    Args:
        setting: auto or names for their names, none, or `NAME: words; NAME: words`.
        classes: names in the order of the target.

    Raises:
        UserError: a name that is no class.

    Example:
        >>> descriptions("names", ["lost_card", "7"]), descriptions("no: all is well; yes: it failed", ["no", "yes"])
        ({0: 'lost card'}, {0: 'all is well', 1: 'it failed'})
    """
    if setting == NONE:
        return {}
    if setting in (AUTO, NAMES):
        return {k: words for k, name in enumerate(classes) if (words := in_words(name))}
    found: dict[int, str] = {}
    for part in (part.strip() for part in re.split(r"[;\n]", setting)):
        # The longest name first: names may hold colons, and one may be the beginning of another.
        known = [k for k, name in enumerate(classes) if part.startswith(f"{name}:")]
        known.sort(key=lambda k: -len(classes[k]))
        if known:
            found[known[0]] = part[len(classes[known[0]]) + 1 :].strip()
        elif part:
            name = part.partition(":")[0].strip()
            near = nearest(name, classes)
            hint = f"did you mean {near!r}? " if near else ""
            raise UserError(
                f"text_embedding.label_descriptions describes {name!r}, which is no class",
                remedy=f"{hint}write NAME: words; NAME: words with the classes' own names, "
                f"such as {', '.join(repr(one) for one in classes[:5])}",
            )
    return {k: words for k, words in found.items() if words}


def with_labels(
    X: Columns, y: np.ndarray, weight: np.ndarray | None, setting: str, classes: Sequence[str]
) -> tuple[Columns, np.ndarray, np.ndarray | None, int]:
    """The rows with one more for each described class that they hold, where texts are the only columns.

    Args:
        X, y, weight: the rows to learn from, class positions, and weights or None.
        setting: see `descriptions`; auto takes names only where there are few rows, and for all classes or none.
        classes: names in the order of the target.

    Returns:
        Rows, positions, weights, and how many rows were added.
    """
    layout, present = X.layout, np.unique(y)
    texts_alone = bool(layout.texts) and len(layout.names) == len(layout.texts)
    if not texts_alone or (setting == AUTO and len(y) > FEW * len(present)):
        return X, y, weight, 0
    told = {k: words for k, words in descriptions(setting, classes).items() if k in set(present.tolist())}
    if not told or (setting == AUTO and (len(told) < len(present) or len(set(told.values())) < len(told))):
        return X, y, weight, 0
    more = np.empty((len(told), len(layout.texts)), dtype=object)
    more[:] = np.array(list(told.values()), dtype=object)[:, None]
    k = len(told)
    units = X.units
    if units is not None:
        units = np.concatenate([units, units.max() + 1 + np.arange(k)])
    wider = Columns(
        np.concatenate([X.numbers, np.zeros((k, 0), X.numbers.dtype)]),
        np.concatenate([X.codes, np.zeros((k, 0), X.codes.dtype)]),
        np.concatenate([X.times, np.zeros((k, 0), X.times.dtype)]),
        np.concatenate([X.texts, more]),
        layout,
        units,
    )
    given = np.ones(len(y)) if weight is None else weight
    weight = np.concatenate([given, np.full(k, WEIGHT * float(np.mean(given)))])
    return wider, np.concatenate([y, np.array(list(told), dtype=y.dtype)]), weight, k
