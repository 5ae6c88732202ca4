"""A number seen against the rows that share its category: the group's mean, and how far the value is from
it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainwright.models.prepare.codes import Slots

STATISTICS = ("mean", "difference", "deviations")
# Weight, in rows, of the whole table's mean and variance in a group's: the difference within a group of one
# row would otherwise always be 0 for training rows, and never for new ones.
MEAN_ROWS, VARIANCE_ROWS = 5.0, 1.0


@dataclass(frozen=True)
class Groups:
    """Means and deviations of numbers within categories, and which of the resulting features are used.

    Args:
        categories: (c,) positions of category columns.
        numbers: (m,) positions in the numeric block.
        slots: numbering of the categories' codes.
        mean: (slots, m) smoothed mean of each number in each group.
        deviation: (slots, m) smoothed standard deviation, never 0.
        chosen: positions of the used features among the 3 * c * m possible ones (statistic, category,
        number).
    """

    categories: np.ndarray
    numbers: np.ndarray
    slots: Slots
    mean: np.ndarray
    deviation: np.ndarray
    chosen: np.ndarray

    @classmethod
    def learn(cls, numeric: np.ndarray, codes: np.ndarray, numbers: list[int], categories: list[int]) -> Groups:
        """Reads means and deviations off n training rows: (n, p) numeric block and (n, q) codes."""
        chosen = codes[:, categories]
        slots = Slots.of(chosen)
        places = slots(chosen)  # (n, c)
        mean = np.empty((slots.total, len(numbers)))
        deviation = np.empty_like(mean)
        for k, j in enumerate(numbers):
            values = numeric[:, j].astype(np.float64)
            known = np.isfinite(values)
            centre = float(values[known].mean()) if known.any() else 0.0
            spread = float(values[known].std()) if known.any() else 0.0
            values = np.where(known, values - centre, 0.0)
            flat = places.ravel()
            each = len(categories)
            count = np.bincount(flat, np.repeat(known.astype(np.float64), each), slots.total)
            total = np.bincount(flat, np.repeat(values, each), slots.total)
            squares = np.bincount(flat, np.repeat(values**2, each), slots.total)
            shift = total / (count + MEAN_ROWS)
            # E[(v - shift)^2] from the sums, with the whole table's variance added.
            within = squares - 2 * shift * total + count * shift**2
            variance = (within + VARIANCE_ROWS * spread**2) / (count + VARIANCE_ROWS)
            mean[:, k] = centre + shift
            deviation[:, k] = np.sqrt(np.maximum(variance, 1e-12)) if spread > 0 else 1.0
        width = len(STATISTICS) * len(categories) * len(numbers)
        return cls(
            np.array(categories, dtype=np.int64),
            np.array(numbers, dtype=np.int64),
            slots,
            mean,
            deviation,
            np.arange(width),
        )

    def take(self, chosen: np.ndarray) -> Groups:
        """Only these of the current features."""
        return Groups(self.categories, self.numbers, self.slots, self.mean, self.deviation, self.chosen[chosen])

    def __len__(self) -> int:
        return len(self.chosen)

    def transform(self, numeric: np.ndarray, codes: np.ndarray) -> np.ndarray:
        """(n, p) numeric block and (n, q) codes to (n, used) features."""
        places = self.slots(codes[:, self.categories])  # (n, c)
        mean = self.mean[places]  # (n, c, m)
        difference = numeric[:, None, self.numbers] - mean
        every = np.stack([mean, difference, difference / self.deviation[places]], axis=1)
        return every.reshape(len(codes), -1)[:, self.chosen]

    def parts(self, feature: int) -> tuple[int, int]:
        """(category column, numeric feature) of one used feature."""
        _, c, m = np.unravel_index(self.chosen[feature], (len(STATISTICS), len(self.categories), len(self.numbers)))
        return int(self.categories[c]), int(self.numbers[m])

    def arrays(self) -> dict[str, np.ndarray]:
        """What was learned, as named arrays."""
        return {
            "categories": self.categories,
            "numbers": self.numbers,
            "sizes": self.slots.sizes,
            "mean": self.mean,
            "deviation": self.deviation,
            "chosen": self.chosen,
        }

    @classmethod
    def restore(cls, arrays: dict[str, np.ndarray]) -> Groups:
        """The groups from `arrays`."""
        return cls(
            arrays["categories"],
            arrays["numbers"],
            Slots(arrays["sizes"]),
            arrays["mean"],
            arrays["deviation"],
            arrays["chosen"],
        )
