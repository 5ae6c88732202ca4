"""The prepared matrix of the simple families (`models.prepare`) as steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.models.prepare.dates import DateEncoder
from trainwright.models.prepare.numbers import _FAR, NumberEncoder
from trainwright.models.prepare.preparation import Preparation
from trainwright.packages.export.inputs import Inputs


@dataclass(frozen=True)
class Hot:
    """The 0/1 columns of one category column.

    Args:
        places: the value that holds the category's places.
        at: (places,) the column that is 1 at each place, counted within `width`, or -1 for none.
        width: number of 0/1 columns.
    """

    places: str
    at: np.ndarray
    width: int

    def table(self) -> np.ndarray:
        """(places, width) zeros and ones."""
        return np.eye(self.width + 1)[self.at][:, :-1]


@dataclass(frozen=True)
class Blocks:
    """The matrix in its parts, in the order of its columns.

    Args:
        dense: values with numbers and averages of the target, and how many columns each has.
        hot: 0/1 columns.
        words: values with weights of words.
    """

    dense: tuple[tuple[str, int], ...]
    hot: tuple[Hot, ...]
    words: tuple[tuple[str, int], ...]


def blocks(preparation: Preparation, inputs: Inputs) -> Blocks:
    """The parts of the matrix that `Preparation.transform` makes."""
    return Blocks(
        (*_numbers(preparation, inputs), *_averages(preparation, inputs)),
        tuple(_hot(preparation, inputs)),
        tuple(words(preparation.tfidf.terms, preparation.tfidf.weights, inputs)),
    )


def matrix(preparation: Preparation, inputs: Inputs) -> str:
    """The whole (n, width) matrix."""
    steps, found = inputs.steps, blocks(preparation, inputs)
    parts = [value for value, _ in found.dense]
    parts += [steps.look_up(hot.places, hot.table()) for hot in found.hot]
    parts += [value for value, _ in found.words]
    return steps.join(parts)


def date_parts(dates: DateEncoder, inputs: Inputs) -> list[str]:
    """The calendar parts that vary, or an empty list."""
    times = inputs.times()
    if not times or not len(dates.kept):
        return []
    every = inputs.steps.add("date_parts", times[0], cyclic=dates.cyclic)
    return [inputs.steps.take(every, dates.kept)]


def words(terms: list[list[str]], weights: list[np.ndarray], inputs: Inputs) -> list[tuple[str, int]]:
    """For each text column the weights of its terms."""
    return [
        (inputs.steps.add("terms", inputs.text(j), terms=tuple(own), weights=weights[j]), len(own))
        for j, own in enumerate(terms)
        if own
    ]


def _numbers(preparation: Preparation, inputs: Inputs) -> list[tuple[str, int]]:
    """Numbers and parts of dates: gaps filled and flagged, bounded, scaled."""
    raw = inputs.numbers() + date_parts(preparation.dates, inputs)
    if not raw:
        return []
    steps, encoder = inputs.steps, preparation.numbers
    value = steps.join(raw)
    out = [(_scaled(encoder, value, inputs), len(encoder.mean))]
    if len(encoder.flagged):
        gaps = steps.take(steps.add("missing", value), encoder.flagged)
        out.append((gaps, len(encoder.flagged)))
    return out


def _scaled(encoder: NumberEncoder, value: str, inputs: Inputs) -> str:
    steps = inputs.steps
    if encoder.impute:
        value = steps.add("fill", value, values=encoder.median)
    if encoder.clip:
        value = steps.add("bound", value, low=encoder.low, high=encoder.high)
    if encoder.scale:
        value = steps.add("scaled", value, mean=encoder.mean, spread=encoder.spread, far=_FAR)
    return value


def _averages(preparation: Preparation, inputs: Inputs) -> list[tuple[str, int]]:
    """Target encodings, scaled where the recipe says so, as one table for each category column."""
    if not len(preparation.averaged):
        return []
    every = inputs.every_category()
    encoded = preparation.averages.transform(preparation.target.transform(every.codes[:, preparation.averaged]))
    width = len(preparation.target.outputs)
    out = []
    for c, j in enumerate(preparation.averaged.tolist()):
        table = encoded[: inputs.size(j), c * width : (c + 1) * width]
        out.append((inputs.steps.look_up(inputs.places(j), table), width))
    return out


def _hot(preparation: Preparation, inputs: Inputs) -> list[Hot]:
    encoder = preparation.one_hot
    if not len(preparation.hot):
        return []
    every = inputs.every_category()
    at = encoder.lookup[encoder.slots(every.codes[:, preparation.hot])]  # (places, c) column of the matrix, or -1
    owner = np.array([c for c, _ in encoder.levels], dtype=np.int64)
    out = []
    for c, j in enumerate(preparation.hot.tolist()):
        own = np.flatnonzero(owner == c)  # side by side
        if len(own):
            local = at[: inputs.size(j), c]
            out.append(Hot(inputs.places(j), np.where(local < 0, -1, local - own[0]), len(own)))
    return out
