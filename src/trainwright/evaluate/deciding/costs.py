"""What each kind of mistake costs: pairs such as `fp=1 fn=20`, or a table with a row for each true class."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.data.notes import listing
from trainwright.data.schema import Target
from trainwright.errors import UserError

PAIRS = ("fp", "fn", "tp", "tn", "review", "unit")
LONG = {"false_positive": "fp", "false_negative": "fn", "true_positive": "tp", "true_negative": "tn"}
FILES = (".yaml", ".yml", ".json")
EXAMPLE = "--cost fp=1 fn=20"
MOST_NAMED, LARGEST = 20, 1e12


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
    if isinstance(given, Path) or (isinstance(given, str) and given.strip().lower().endswith(FILES)):
        where, given = str(given), _file(Path(given))
    if isinstance(given, str):
        given = _pairs(given)
    if isinstance(given, Sequence) and not isinstance(given, str):
        given = {"matrix": given}
    if not isinstance(given, Mapping):
        raise UserError(f"{where}: expected costs by kind of mistake, got {given!r:.60}", remedy=f"such as {EXAMPLE}")
    given = {LONG.get(str(key), str(key)): value for key, value in given.items()}
    review = None if given.get("review") is None else _number(given["review"], f"{where}: review")
    unit = None if given.get("unit") is None else str(given["unit"])
    rest = {key: value for key, value in given.items() if key not in ("review", "unit") or key in target.classes}
    if "matrix" in rest and "matrix" not in target.classes:
        matrix = _square(target, rest, where)
    elif rest and set(rest) <= set(PAIRS) and not set(rest) <= set(target.classes):
        matrix = _two(target, rest, where)
    else:
        matrix = _named(target, rest, where)
    _check_useful(target, matrix, where)
    return Costs(matrix, review, unit)


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
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"the cost file {path} cannot be read: {error}", remedy=f"give a YAML file, or {EXAMPLE}"
        ) from None
    row = "good: {bad: 20}"
    return read_yaml(text, path.name, example=row, empty=f"give each true class a row, such as `{row}`").spelled()


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for word in text.replace(",", " ").split():
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
    words = {"fp": "fp (a false alarm)", "fn": "fn (a miss)"}
    missing = [words[name] for name in words if given.get(name) is None]
    if missing:
        raise UserError(
            f"{where}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing",
            remedy=f"give both, such as {EXAMPLE}",
        )
    alarm, miss, hit, rest = (
        _number(0 if given.get(name) is None else given[name], f"{where}: {name}") for name in ("fp", "fn", "tp", "tn")
    )
    p = target.positive_index
    table = [[0.0, 0.0], [0.0, 0.0]]
    table[1 - p][p], table[p][1 - p], table[p][p], table[1 - p][1 - p] = alarm, miss, hit, rest
    return tuple(tuple(row) for row in table)


def _square(target: Target, given: Mapping[str, Any], where: str) -> tuple[tuple[float, ...], ...]:
    """From `matrix`, with `classes` in its own order where given."""
    rows, names, k = given["matrix"], given.get("classes") or target.classes, len(target.classes)
    for name, value in (("matrix", rows), ("classes", names)):
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise UserError(
                f"{where}: `{name}` must be a list, found {value!r:.40}",
                remedy="such as classes: [a, b], matrix: [[0, 1], [20, 0]]",
            )
    names = [str(name) for name in names]
    _check_names(target, names, where)
    sizes = [len(row) if isinstance(row, Sequence) and not isinstance(row, str) else 0 for row in rows]
    if len(rows) != k or any(size != k for size in sizes):
        found = f"{len(rows)} rows of {', '.join(map(str, sorted(set(sizes))))} numbers"
        raise UserError(f"{where}: the table must have {k} rows of {k} numbers, one for each class; found {found}")
    at = [names.index(name) for name in target.classes]
    return tuple(tuple(_number(rows[i][j], f"{where}: {names[i]} decided as {names[j]}") for j in at) for i in at)


def _named(target: Target, given: Mapping[str, Any], where: str) -> tuple[tuple[float, ...], ...]:
    """From {true class: {decided class: cost}}; right decisions cost nothing unless they are named."""
    _check_names(target, list(given), where)
    rows: dict[str, dict[str, Any]] = {}
    for actual in target.classes:
        row = given[actual]
        if not isinstance(row, Mapping):
            raise UserError(
                f"{where}: {actual!r} must say what each decision about it costs, got {row!r:.60}",
                remedy=f"such as {actual}: {{{', '.join(f'{name}: 5' for name in target.classes if name != actual)}}}",
            )
        rows[actual] = {str(name): value for name, value in row.items()}
        unknown = [name for name in rows[actual] if name not in target.classes]
        if unknown:
            raise UserError(
                f"{where}: {actual}: there is no class {listing(unknown)}; the classes are {_some(target.classes)}"
            )
    missing = [
        f"{actual} decided as {name}"
        for actual, row in rows.items()
        for name in target.classes
        if name != actual and name not in row
    ]
    if missing:
        raise UserError(
            f"{where}: no cost is given for {_some(missing)}",
            remedy="give each true class the cost of every other decision about it",
        )
    return tuple(
        tuple(_number(row.get(name, 0), f"{where}: {actual} decided as {name}") for name in target.classes)
        for actual, row in rows.items()
    )


def _check_names(target: Target, names: Sequence[str], where: str) -> None:
    """Refuses classes that there are not, and names those that are missing: all of them at once."""
    known = f"the classes are {_some(target.classes)}"
    unknown = [name for name in names if name not in target.classes]
    if unknown:
        raise UserError(f"{where}: there is no class {listing(unknown)}; {known}")
    missing = [name for name in target.classes if name not in names]
    if missing:
        verb = "the class {} is" if len(missing) == 1 else "the classes {} are"
        raise UserError(f"{where}: {verb.format(listing(missing, MOST_NAMED))} missing; {known}")
    if len(set(names)) != len(names):
        raise UserError(f"{where}: a class is named twice")


def _some(names: Sequence[str]) -> str:
    """The names; of very many the first."""
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")


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


def _number(value: Any, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise UserError(f"{where} must be a number, got {value!r:.40}")
    if number < 0:
        raise UserError(f"{where} must be at least 0, got {number:g}", remedy="a cost is never negative")
    if number > LARGEST:
        raise UserError(f"{where} must be at most {LARGEST:g}, got {number:g}", remedy="count in a larger unit")
    return number
