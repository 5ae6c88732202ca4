"""Proposes a split by group where many rows share a customer or machine and were parted by chance."""

from __future__ import annotations

import re

import numpy as np
import polars as pl

from trainwright.data.checks.association import as_codes, halves, mean_by_code, strength
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.schema import Column, Kind, Role

ENTITIES = {
    *("account", "animal", "batch", "branch", "client", "customer", "device", "doctor", "donor", "driver"),
    *("employee", "engine", "hospital", "household", "machine", "meter", "participant", "patient", "person"),
    *(
        "plant",
        "product",
        "school",
        "sensor",
        "serial",
        "session",
        "shop",
        "site",
        "speaker",
        "station",
        "store",
    ),
    *("student", "subject", "supplier", "unit", "user", "vehicle", "volunteer"),
}
SUFFIXES = {"id", "key", "uuid", "guid", "no", "nr", "number", "code", "name"}
LEAST_GROUPS, ROWS_PER_GROUP, ALIKE = 10, 2.0, 0.1


def run(context: Context) -> list[Finding]:
    if not context.random_split:
        raise NotApplicable("the split obeys time, groups or parts given by the user, or there is none")
    y = context.y[context.sample]
    found = []
    for column in context.schema.columns:
        if not _names_an_entity(context, column):
            continue
        values = context.sampled[column.name]
        groups = int(values.drop_nulls().n_unique())
        if groups < LEAST_GROUPS or len(values) < ROWS_PER_GROUP * groups:
            continue
        alike = _alike(as_codes(values), y, context)
        tail = (
            f" Rows of one value resemble each other (association {alike:.2f} of 1)."
            if alike >= ALIKE
            else ""
        )
        found.append(
            Finding(
                code="TW402",
                severity="warning" if alike >= ALIKE else "note",
                message=(
                    f"{len(values) / groups:.0f} rows on average share a value of {column.name!r}, and rows "
                    f"of one value are in both parts: the figures are about values already known.{tail}"
                ),
                columns=(column.name,),
                evidence={"groups": groups, "association": round(alike, 4), **context.sampled_note},
                remedy=f"if the model must work on new ones, train with --group {column.name!r}",
            )
        )
    return found


def words_of(name: str) -> list[str]:
    """The words of a column name in lower case.

    Example:
        >>> words_of("storeID"), words_of("unit_price")
        (['store', 'id'], ['unit', 'price'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z]+", parted) if word]


def _names_an_entity(context: Context, column: Column) -> bool:
    if column.name not in context.held or column.kind in (Kind.DATETIME, Kind.BOOLEAN):
        return False
    if column.role not in (Role.FEATURE, Role.ID, Role.IGNORED):
        return False
    words = words_of(column.name)
    named = bool(words) and (words[-1] in ENTITIES or words[-1] in {"id", "uuid", "guid"})
    named = named or (len(words) > 1 and words[-1] in SUFFIXES and words[-2] in ENTITIES)
    if not named:
        return False
    if not context.development.schema[column.name].is_float():
        return True
    values = context.sampled[column.name].drop_nulls()
    return bool((values.cast(pl.Float64) % 1 == 0).all())


def _alike(codes: np.ndarray, y: np.ndarray, context: Context) -> float:
    """How well half of the rows of each value tell about the other half, 0 to 1."""
    learn = halves(len(y))
    number = (y == np.bincount(y).argmax()).astype(float) if context.classes else y
    guess = mean_by_code(codes, number, learn)[~learn]
    blocks = np.searchsorted(np.unique(np.quantile(guess, np.linspace(0, 1, 11)[1:-1])), guess)
    return strength(blocks, y[~learn], context.classes)


CHECK = Check(
    "TW402", "group-column-random-split", "warning", "Rows that share an owner, but a random split", run
)
