"""Leaks planted on purpose are found, and clean tables stay quiet.

    python bench/planted_leaks.py --data DATA

Every poison is planted at several strengths in copies of the shared tables and of scikit-learn's, and the product is
asked what `trainwright inspect` shows, also with a test file of one's own. Found means that a check about this kind of
poison names a planted column, with the severity that the poison deserves: at least a warning where figures would
mislead, a note where it is good to know. A false alarm is a warning or an error that names a column of a clean table.
Resumable; `--missed` measures again only what missed or alarmed falsely, and `--list` prints that. About an hour on
one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import leaks_columns
import leaks_quality
import leaks_rows
import leaks_tables
import markdown
import planted
import results
from tables import MissingTable

ROWS = 6_000
AIM_FOUND = 0.95
AIM_ALARMS = 0.006
SAID = 12


def poisons() -> list[planted.Poison]:
    """Every poison, those of columns first."""
    return [*leaks_columns.kinds(), *leaks_rows.kinds(), *leaks_quality.kinds()]


def main() -> None:
    options = _options()
    result = results.Result("planted_leaks", options)
    if options.list:
        sys.stdout.write("\n".join(misses(result.document)) + "\n")
        return
    data = None if options.data is None else Path(options.data)
    read = cache(lambda name: leaks_tables.base(name, data, ROWS))
    cases = [*_clean_cases(data), *_natural_cases(data), *_planted_cases(read)]
    if options.missed:
        # What would be measured again is forgotten first, so that an interrupted run can go on.
        rows = result.document["rows"]
        for key in [key for key, row in rows.items() if _disappoints(row)]:
            del rows[key]
    for key, table, measure in cases:
        wanted = (not options.only or options.only in key) and (not options.tables or table in options.tables)
        if wanted and not result.has(key):
            try:
                result.add(key, {"table": table, **measure()})
            except MissingTable as error:
                results.say(f"{key}: not measured, {error}")


def _clean_cases(data: Path | None) -> Iterator[tuple[str, str, Any]]:
    """Clean tables: alone, and with a random fifth of their rows as a test file."""
    for name, clean in leaks_tables.CLEAN.items():
        for given in (False, True) if clean.given_test else (False,):
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
        "notes": [planted.short(f) for f in document["findings"] if f["severity"] == "note"],
        "not_run": planted.not_run(document),
        "checks_s": document["checks_s"],
    }


def _natural_cases(data: Path | None) -> Iterator[tuple[str, str, Any]]:
    """Leaks that real tables bring along."""
    for name, target, reader, least, wanted in leaks_quality.natural():
        poison = planted.Poison("leaks of the tables themselves", name, _unused, (name,), least)

        def measure(poison: Any = poison, target: str = target, reader: Any = reader, wanted: Any = wanted) -> Any:
            case = planted.Planted(reader(data), **wanted)
            return _measured(poison, case, target, None)

        yield f"natural; {name}", name.split()[0].rstrip(","), measure


def _planted_cases(read: Any) -> Iterator[tuple[str, str, Any]]:
    for poison in poisons():
        for table in poison.tables:

            def measure(poison: planted.Poison = poison, table: str = table) -> dict[str, Any]:
                clean = leaks_tables.CLEAN[table]
                case = poison.plant(read(table), clean.target, poison.rng(table))
                return _measured(poison, case, clean.target, clean.task)

            yield poison.key(table), table, measure


def _measured(poison: planted.Poison, case: planted.Planted, target: str, task: str | None) -> dict[str, Any]:
    """The row of one poisoned table."""
    document = planted.answer_or_crash(case.frame, target, task=task, test=case.test, settings=case.settings)
    row = planted.judged(poison, case, document)
    return {**row, "instead": row["instead"][:SAID]}


def _unused(*_: Any) -> Any:
    raise NotImplementedError("a leak that a table brings along is not planted")


def _disappoints(row: dict[str, Any]) -> bool:
    """Whether a row is a miss or holds a false alarm."""
    return bool(row["alarms"] or row["not_run"]) if row["part"] == "clean" else not row["found"]


def misses(result: dict[str, Any]) -> list[str]:
    """One line for every miss and every false alarm, and the summary."""
    lines = []
    for key, row in result["rows"].items():
        if row["part"] == "clean":
            said = [f"{a['severity']} {a['code']} on {a['column']}" for a in row["alarms"]]
            lines += [f"FALSE ALARM {key}: {words}" for words in said]
            lines += [f"loud, no column, {key}: {words}" for words in row["about_rows"]]
        elif not row["found"]:
            as_note = f"only a {row['severity']} by {', '.join(row['by'])}" if row["by"] else "MISSED"
            lines.append(f"{as_note}: {key}; instead: {', '.join(row['instead']) or 'nothing'}")
        lines += [f"NOT RUN {key}: {words}" for words in row["not_run"]]
    clean, found = _rows(result, "clean"), _rows(result, "planted")
    if found:
        hits, noted = sum(r["found"] for r in found), sum(r["severity"] != "nothing" for r in found)
        lines.append(f"recall {hits}/{len(found)} = {hits / len(found):.1%}, at any severity {noted / len(found):.1%}")
    lines += [f"{words}: {a}/{c} columns = {a / c:.2%}" for words, a, c in _alarm_shares(clean) if c]
    return lines


def _rows(result: dict[str, Any], part: str) -> list[dict[str, Any]]:
    return [row for row in result["rows"].values() if row["part"] == part]


def _alarm_shares(clean: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    """(which tables, columns named falsely, columns)."""
    tables = [leaks_tables.REAL, leaks_tables.SAMPLES, leaks_tables.NARROW, leaks_tables.GENERATED]
    groups: list[tuple[str, Callable[[dict[str, Any]], bool]]] = [
        *((words, lambda r, words=words: r["group"] == words and not r["given"]) for words in tables),
        ("a random fifth of the rows as test file", lambda r: r["given"]),
        ("all", lambda r: True),
    ]
    return [
        (words, sum(r["alarmed"] for r in clean if wanted(r)), sum(r["columns"] for r in clean if wanted(r)))
        for words, wanted in groups
    ]


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    found, clean = _rows(result, "planted"), _rows(result, "clean")
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in found):
        rows = [row for row in found if row["kind"] == kind]
        codes = sorted({code for row in rows for code in row["by"]})
        noted = sum(row["severity"] != "nothing" for row in rows)
        least = " or ".join(sorted({row["least"] for row in rows}, reverse=True))
        lines.append([kind, least, len(rows), sum(r["found"] for r in rows), noted, ", ".join(codes) or "–"])
    hits = sum(row["found"] for row in found)
    share = hits / len(found) if found else 0.0
    noted = sum(row["severity"] != "nothing" for row in found)
    kinds = markdown.table(["poison", "must be a", "cases", "found", "said at all", "by"], lines)
    alarms = markdown.table(
        ["clean tables", "columns", "named by a warning or error", "share"],
        [
            [words, columns, named, f"{named / columns:.2%}"]
            for words, named, columns in _alarm_shares(clean)
            if columns
        ],
    )
    real = next((named / columns for words, named, columns in _alarm_shares(clean) if columns), 0.0)
    loud = [f"{r['table']} ({a['column']}: {a['code']})" for r in clean for a in r["alarms"]]
    rows_ = [f"{r['table']} ({words.split(':')[0]})" for r in clean for words in r["about_rows"]]
    gone = [row for row in found if not row["found"]]
    missed = "; ".join(f"{r['kind']} ({r['strength']}, {r['table']})" for r in gone[:40])
    slow = max((row["checks_s"] for row in result["rows"].values()), default=0.0)
    return f"""## Planted leaks

Poisons at several strengths and shapes are planted in copies of at most {ROWS:,} rows of the shared tables and of
scikit-learn's. One counts as found when a check about this kind of poison names a planted column with the severity
that the poison deserves. **{hits:,} of {len(found):,} are found: {share:.1%}** (aim: at least {AIM_FOUND:.0%},
{markdown.aim(share >= AIM_FOUND) if found else markdown.aim(None)}); {noted:,} are said at any severity. The slowest
set of checks took {slow:.1f} s.

{kinds}

A false alarm is a warning or an error that names a column of a clean table (aim: at most {AIM_ALARMS:.1%} of the
columns of the real tables, {markdown.aim(real <= AIM_ALARMS) if clean else markdown.aim(None)}).

{alarms}

False alarms: {"; ".join(loud) or "none"}. Warnings about rows, which name no column: {"; ".join(rows_) or "none"}.
Not found{", the first 40" if len(gone) > 40 else ""}: {missed or "nothing"}.

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tables", type=results.names, default=[], help="only these tables")
    parser.add_argument("--only", default="", help="only cases whose name holds this text")
    parser.add_argument("--missed", action="store_true", help="measure again what missed or alarmed falsely")
    parser.add_argument("--list", action="store_true", help="print misses and false alarms of the stored result")
    return parser.parse_args()


if __name__ == "__main__":
    main()
