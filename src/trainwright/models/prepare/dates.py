"""Moments to the parts that repeat (month, weekday, hour) and the one that does not (days since 1970)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

PARTS = ("year", "month", "day", "weekday", "hour", "days")
_CYCLES = {"month": 12, "weekday": 7, "hour": 24}
_DAY = 86_400.0


class DateEncoder:
    """Splits seconds since 1970 into year, month, day, weekday (Monday is 0), hour and elapsed days.

    Parts that never change in the fitting rows are left out, so plain dates get no hour.

    Args:
        cyclic: give month, weekday and hour also as sine and cosine, so that December lies next to January;
            linear models need it, trees do not.

    Example:
        >>> encoder = DateEncoder().fit(np.array([[0.0], [86_400.0 * 40]]))
        >>> encoder.names(["sold"])
        ['sold month', 'sold day', 'sold weekday', 'sold days']
        >>> encoder.transform(np.array([[86_400.0 * 40]])).tolist()  # 10 February 1970, a Tuesday
        [[2.0, 10.0, 1.0, 40.0]]
    """

    def __init__(self, *, cyclic: bool = False) -> None:
        self.cyclic = cyclic
        self.kept = np.zeros(0, dtype=np.int64)  # columns of the full matrix of parts

    def fit(self, times: np.ndarray) -> DateEncoder:
        """Chooses the parts that vary among (n, t) moments."""
        full = self._all(times)
        with_values = np.where(np.isnan(full), -np.inf, full).max(axis=0, initial=-np.inf)
        lowest = np.where(np.isnan(full), np.inf, full).min(axis=0, initial=np.inf)
        self.kept = np.flatnonzero(with_values > lowest)
        return self

    def transform(self, times: np.ndarray) -> np.ndarray:
        """(n, t) seconds to (n, p) parts; NaN gives NaN in every part."""
        return self._all(times)[:, self.kept]

    def names(self, columns: Sequence[str]) -> list[str]:
        """Names of `transform`'s columns."""
        every = [f"{column} {part}" for part in self._parts() for column in columns]
        return [every[j] for j in self.kept.tolist()]

    def sources(self, columns: Sequence[str]) -> list[str]:
        """For each of `transform`'s columns the column that it was made from."""
        every = [column for _ in self._parts() for column in columns]
        return [every[j] for j in self.kept.tolist()]

    def state(self) -> dict[str, Any]:
        """What was learned, as plain data."""
        return {"cyclic": self.cyclic, "kept": self.kept.tolist()}

    @classmethod
    def restore(cls, state: dict[str, Any]) -> DateEncoder:
        """The encoder from `state`'s plain data."""
        encoder = cls(cyclic=state["cyclic"])
        encoder.kept = np.array(state["kept"], dtype=np.int64)
        return encoder

    def _parts(self) -> list[str]:
        waves = [f"{part} {wave}" for part in _CYCLES for wave in ("sine", "cosine")]
        return list(PARTS) + (waves if self.cyclic else [])

    def _all(self, times: np.ndarray) -> np.ndarray:
        """(n, parts * t) every part of every column, part after part."""
        unknown = ~np.isfinite(times)
        seconds = np.where(unknown, 0.0, times)
        days = np.floor(seconds / _DAY)
        # datetime64 counts 64-bit days; a moment beyond its calendar is bounded rather than wrapped around.
        date = np.clip(days, -700_000, 3_000_000).astype(np.int64).astype("datetime64[D]")
        month = date.astype("datetime64[M]")
        year = month.astype("datetime64[Y]")
        parts = {
            "year": year.astype(np.int64) + 1970.0,
            "month": (month - year.astype("datetime64[M]")).astype(np.float64) + 1,
            "day": (date - month.astype("datetime64[D]")).astype(np.float64) + 1,
            "weekday": np.mod(days + 3, 7),  # 1 January 1970 was a Thursday
            "hour": np.floor((seconds - days * _DAY) / 3600),
            "days": seconds / _DAY,
        }
        columns = [parts[part] for part in PARTS]
        if self.cyclic:
            for part, length in _CYCLES.items():
                angle = 2 * np.pi * parts[part] / length
                columns += [np.sin(angle), np.cos(angle)]
        full = np.concatenate(columns, axis=1)
        full[np.tile(unknown, (1, len(columns)))] = np.nan
        return full
