"""The words of a column's name, and those that name an owner of several rows."""

from __future__ import annotations

import re

ENTITIES = {
    *("account", "animal", "batch", "branch", "client", "customer", "device", "doctor", "donor", "driver"),
    *("employee", "engine", "hospital", "household", "machine", "meter", "participant", "patient", "person"),
    *("plant", "product", "school", "sensor", "serial", "session", "shop", "site", "speaker", "station", "store"),
    *("student", "subject", "supplier", "unit", "user", "vehicle", "volunteer"),
}
NAMES = {"id", "uuid", "guid"}
SUFFIXES = {*NAMES, "key", "no", "nr", "number", "code", "name"}


def words_of(name: str) -> list[str]:
    """The words of a column name in lower case.

    Example:
        >>> words_of("storeID"), words_of("unit_price")
        (['store', 'id'], ['unit', 'price'])
    """
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[^A-Za-z]+", parted) if word]


def names_an_entity(name: str) -> bool:
    """Whether a column's name speaks of a customer, machine or another owner of rows.

    Example:
        >>> [names_an_entity(name) for name in ("patient", "customer_no", "ref_id", "unit_price")]
        [True, True, True, False]
    """
    words = words_of(name)
    if not words:
        return False
    owner = words[-1] in ENTITIES or words[-1] in NAMES
    return owner or (len(words) > 1 and words[-1] in SUFFIXES and words[-2] in ENTITIES)
