"""What each kind of mistake costs: pairs such as `fp=1 fn=20`, or a table with a row for each true class."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.config.cost_text import FILES, LONG, PAIRS, names_file, words_of
from trainwright.data.notes import listing
from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.evaluate.deciding.cost_tables import cost_number, named, square

EXAMPLE = "--cost fp=1 fn=20"


@dataclass(frozen=True)
class Costs:
    """What decisions cost, in any one unit.

    Args:
        matrix: (k, k) rows are what a case is, columns what is decided about it, both in the order of the classes.
        review: what it costs to let a person look at one case, or None.
        unit: what is counted, such as "euros", or None.
    """

    matrix: tuple[tuple[float, ...], ...]
    review: float | None = None
    unit: str | None = None

    def of_two(self, positive: int) -> tuple[float, float, float, float]:
        """False alarm, miss, right flag and right pass of a 2 x 2 table."""
        p, n = positive, 1 - positive
        return self.matrix[n][p], self.matrix[p][n], self.matrix[p][p], self.matrix[n][n]

    def theory(self, positive: int) -> float:
        """The probability from which flagging is cheaper: (fp - tn) / (fp - tn + fn - tp), Elkan 2001, "The Foundations
        of Cost-Sensitive Learning", equation 2; fp / (fp + fn) where right decisions cost nothing.

        Example:
            >>> round(Costs(((0.0, 1.0), (20.0, 0.0))).theory(1), 4)
            0.0476
        """
        alarm, miss, hit, rest = self.of_two(positive)
        return (alarm - rest) / (alarm - rest + miss - hit)

    def to_json(self) -> dict[str, Any]:
        """The costs as plain data."""
        return {"matrix": [list(row) for row in self.matrix], "review": self.review, "unit": self.unit}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Costs:
        """The costs from `to_json`'s plain data."""
        return cls(
            tuple(tuple(float(cell) for cell in row) for row in data["matrix"]),
            None if data.get("review") is None else float(data["review"]),
            None if data.get("unit") is None else str(data["unit"]),
        )


def read_costs(target: Target, given: Any) -> Costs:
    """The costs that a user gave, for the classes of a target.

    Args:
        target: two or more classes.
        given: `"fp=1 fn=20"`, a mapping of such pairs, a mapping of each true class to the cost of every decision, a
            k x k list in the order of the classes, or the path of a YAML or JSON file with one of these.

    Raises:
        UserError: a class that the target does not have or that is missing, a negative cost, a table that is not
            square, costs under which every case would be decided alike.

    Example:
        >>> target = Target("y", "classes", ("no", "yes"), positive="yes")
        >>> read_costs(target, "fp=1 fn=20").matrix
        ((0.0, 1.0), (20.0, 0.0))
        >>> read_costs(target, {"no": {"yes": 1}, "maybe": {"no": 2}})
        Traceback (most recent call last):
        ...
        trainwright.errors.UserError: costs: there is no class 'maybe'; the classes are no, yes
    """
    where = "costs"
    if isinstance(given, Costs):
        return given
    if isinstance(given, Path) or (
        isinstance(given, str) and given.strip().lower().endswith(FILES) and names_file(given)
    ):
        where, given = str(given), _file(Path(given))
    if isinstance(given, str):
        given = _pairs(given)
    if isinstance(given, Sequence) and not isinstance(given, str):
        given = {"matrix": given}
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: expected costs by kind of mistake, got {given!r:.60}", remedy=f"such as {EXAMPLE}")
    given = {LONG.get(str(key), str(key)): value for key, value in given.items()}
    review = None if given.get("review") is None else cost_number(given["review"], f"{where}: review")
    unit = _unit(given.get("unit"), where)
    rest = {key: value for key, value in given.items() if key not in ("review", "unit") or key in target.classes}
    if "matrix" in rest and "matrix" not in target.classes:
        matrix = square(target, rest, where)
    elif rest and set(rest) <= set(PAIRS) and not set(rest) <= set(target.classes):
        matrix = _two(target, rest, where)
    else:
        matrix = named(target, rest, where)
    _check_useful(target, matrix, where)
    return Costs(matrix, review, unit)


def _unit(given: Any, where: str) -> str | None:
    """What is counted, as a word; None for nothing."""
    if isinstance(given, Mapping | list | tuple):
        raise UserError(f"{where}: unit must be a word, found {given!r:.40}", remedy="such as unit: euros")
    return None if given is None else str(given).strip() or None


def of_classes(target: Target, by_class: Mapping[str, float]) -> Costs | None:
    """Costs from what it costs to get each class wrong (`problem.class_costs`); None unless every class has one."""
    if any(name not in by_class for name in target.classes):
        return None
    k = range(len(target.classes))
    return Costs(tuple(tuple(0.0 if i == j else float(by_class[target.classes[i]]) for j in k) for i in k))


def _file(path: Path) -> Any:
    from trainwright.config.yaml_text import read_yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # a ValueError: no UTF-8, or a name that no file can have
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else getattr(error, "strerror", error)
        raise UserError(
            f"the cost file {path} cannot be read: {why}", remedy=f"give a YAML file, or {EXAMPLE}"
        ) from None
    row = "good: {bad: 20}"
    return read_yaml(text, path.name, example=row, empty=f"give each true class a row, such as `{row}`").spelled()


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in words_of(text):
        name, mark, value = word.partition("=")
        name = LONG.get(name, name)
        if not mark and re.fullmatch(r"\.[a-z]\w*", Path(word).suffix.lower()):
            raise UserError(f"costs: {word!r} is no file of costs", remedy=f"its name ends with {listing(FILES)}")
        if not mark or name not in PAIRS:
            raise UserError(
                f"costs: {word!r} is none of {', '.join(f'{key}=NUMBER' for key in PAIRS[:-1])}",
                remedy=f"such as {EXAMPLE}; more than two classes need a file, --cost costs.yaml",
            )
        if name in found:
            raise UserError(f"costs: {name} is given twice")
        found[name] = value
    return found


def _two(target: Target, given: Mapping[str, Any], where: str) -> tuple[tuple[float, ...], ...]:
    if len(target.classes) != 2:
        raise UserError(
            f"{where}: fp and fn are for two classes, {target.column!r} has {len(target.classes)}",
            remedy="give a file with a row for each true class: --cost costs.yaml",
        )
    found = {name: cost_number(value, f"{where}: {name}") for name, value in given.items() if value is not None}
    words = {"fp": "fp (a false alarm)", "fn": "fn (a miss)"}
    missing = [words[name] for name in words if name not in found]
    if missing:
        raise UserError(
            f"{where}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            remedy=f"give both, such as {EXAMPLE}",
        )
    alarm, miss, hit, rest = (found.get(name, 0.0) for name in ("fp", "fn", "tp", "tn"))
    p = target.positive_index
    table = [[0.0, 0.0], [0.0, 0.0]]
    table[1 - p][p], table[p][1 - p], table[p][p], table[1 - p][1 - p] = alarm, miss, hit, rest
    return tuple(tuple(row) for row in table)


def _check_useful(target: Target, matrix: tuple[tuple[float, ...], ...], where: str) -> None:
    """Refuses costs under which one decision is never dearer than any other, whatever a case is."""
    k = range(len(matrix))
    for j in k:
        if all(matrix[i][j] <= matrix[i][other] for i in k for other in k):
            raise UserError(
                f"{where}: deciding {target.classes[j]!r} is never dearer than anything else, so every case would be "
                f"decided {target.classes[j]!r}",
                remedy="let each kind of mistake cost more than the right decision",
            )
