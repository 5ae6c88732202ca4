"""Leaks planted on purpose are found, and clean tables stay quiet.

    python bench/planted_leaks.py --data DATA

Every poison is planted at several strengths in copies of the shared tables and of scikit-learn's, and the product is
asked what `trainwright inspect` shows, also with a test file of one's own. Found means that a check about this kind of
poison names a planted column, with the severity that the poison deserves: at least a warning where figures would
mislead, a note where it is good to know. A false alarm is a warning or an error that names a column of a clean table.
The checks were written with the first draw in view (`--draw 0`); later draws take other rows, numbers of rows, columns
and noise, and tell how far that carries. Resumable; `--missed` measures again only what missed or alarmed falsely, and
`--list` prints that. About ten minutes a draw on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import leaks_columns
import leaks_later
import leaks_quality
import leaks_rows
import leaks_section
import leaks_tables
import planted
import results
from leaks_section import section

ROWS = (6_000, 2_000, 12_000)  # by draw
# Values that many of the two thousand rows have together.
TOGETHER = (("part", "group", "kind", "strength", "least"), results.STAMP)

__all__ = ["main", "poisons", "section"]


def poisons() -> list[planted.Poison]:
    """Every poison, those of columns first."""
    return [*leaks_columns.kinds(), *leaks_rows.kinds(), *leaks_quality.kinds(), *leaks_later.kinds()]


def main() -> None:
    options = _options()
    result = results.Result("planted_leaks", options, together=TOGETHER)
    if options.list:
        sys.stdout.write("\n".join(leaks_section.misses(result.document)) + "\n")
        return
    data, draw = options.data, options.draw
    read = cache(lambda name: leaks_tables.base(name, data, ROWS[draw % len(ROWS)], seed=draw))
    natural = _natural_cases(data) if draw == 0 else ()
    cases = [*_clean_cases(data, draw), *natural, *_planted_cases(read, draw)]
    if options.missed:
        # What would be measured again is forgotten first, so that an interrupted run can go on.
        rows = result.document["rows"]
        for key in [key for key, row in rows.items() if _disappoints(row) and row["draw"] == draw]:
            del rows[key]
    for key, table, measure in cases:
        key += f"; draw {draw}" if draw else ""
        wanted = (not options.only or options.only in key) and (not options.tables or table in options.tables)
        if wanted:
            result.measured(key, _row, table, draw, measure)


def _row(table: str, draw: int, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    return {"table": table, "draw": draw, **measure()}


def _clean_cases(data: Path | None, draw: int) -> Iterator[tuple[str, str, Any]]:
    """Clean tables: alone, and with a random fifth of their rows as a test file."""
    clean_tables = leaks_tables.another_draw(draw) if draw else leaks_tables.CLEAN
    for name, clean in clean_tables.items():
        for given in (False, True) if clean.given_test or draw else (False,):
            key = f"clean{', given test file' if given else ''}; {name}"
            yield key, name, lambda clean=clean, given=given: quiet(clean, data, given)


def quiet(clean: leaks_tables.Clean, data: Path | None, given: bool) -> dict[str, Any]:
    """What is said about a clean table."""
    frame = clean.read(data)
    test = None
    if given:
        frame, test = leaks_rows.parted(planted.drawn(frame, frame.height))
    document = planted.answer_or_crash(frame, clean.target, task=clean.task, test=test, settings={})
    loud = [finding for finding in document["findings"] if finding["severity"] != "note"]
    inputs = set(document["columns"])
    alarms = [
        {"column": c, "code": f["code"], "severity": f["severity"]} for f in loud for c in f["columns"] if c in inputs
    ]
    others = [finding for finding in loud if not inputs & set(finding["columns"])]
    return {
        "part": "clean",
        "group": clean.group,
        "given": given,
        "rows": frame.height,
        "columns": len(document["columns"]),
        "alarmed": len({alarm["column"] for alarm in alarms}),
        "alarms": alarms,
        "about_rows": [f"{f['code']} {f['severity']}: {f['message'][:160]}" for f in others],
        "notes": sum(finding["severity"] == "note" for finding in document["findings"]),
        "not_run": planted.not_run(document),
        "checks_s": round(document["checks_s"], 3),
    }


def _natural_cases(data: Path | None) -> Iterator[tuple[str, str, Any]]:
    """Leaks that real tables bring along."""
    for name, target, reader, least, wanted in leaks_quality.natural():
        poison = planted.Poison("leaks of the tables themselves", name, _unused, (name,), least)

        def measure(poison: Any = poison, target: str = target, reader: Any = reader, wanted: Any = wanted) -> Any:
            case = planted.Planted(reader(data), **wanted)
            return _measured(poison, case, target, None)

        yield f"natural; {name}", name.split()[0].rstrip(","), measure


def _planted_cases(read: Any, draw: int) -> Iterator[tuple[str, str, Any]]:
    for poison in poisons():
        for table in poison.tables:

            def measure(poison: planted.Poison = poison, table: str = table) -> dict[str, Any]:
                clean = leaks_tables.CLEAN[table]
                case = poison.plant(read(table), clean.target, poison.rng(table, draw))
                return _measured(poison, case, clean.target, clean.task)

            yield poison.key(table), table, measure


def _measured(poison: planted.Poison, case: planted.Planted, target: str, task: str | None) -> dict[str, Any]:
    """The row of one poisoned table."""
    document = planted.answer_or_crash(case.frame, target, task=task, test=case.test, settings=case.settings)
    return planted.judged(poison, case, document)


def _unused(*_: Any) -> Any:
    raise NotImplementedError("a leak that a table brings along is not planted")


def _disappoints(row: dict[str, Any]) -> bool:
    """Whether a row is a miss or holds a false alarm."""
    return bool(row["alarms"] or row["not_run"]) if row["part"] == "clean" else not row["found"]


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=[], help="only these tables")
    parser.add_argument("--draw", type=int, default=0, help="0: that of the published list; 1, 2, ...: other rows")
    parser.add_argument("--only", default="", help="only cases whose name holds this text")
    parser.add_argument("--missed", action="store_true", help="measure again what missed or alarmed falsely")
    parser.add_argument("--list", action="store_true", help="print misses and false alarms of the stored result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
