"""What the planted leaks came to: the section of docs/benchmarks.md, and the list of misses and false alarms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import leaks_tables
import markdown

AIM_FOUND = 0.95
AIM_ALARMS = 0.006
SHOWN = 30
Rows = list[dict[str, Any]]


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    found, clean = part(result, "planted"), part(result, "clean")
    # The headline is that of draws which the checks' authors had not seen.
    unseen = [row for row in found if row["draw"]] or found
    quiet = [row for row in clean if row["draw"]] or clean
    share = _share(sum(row["found"] for row in unseen), len(unseen))
    alarmed, columns = sum(row["alarmed"] for row in quiet), sum(row["columns"] for row in quiet)
    gone = [f"{r['kind']} ({r['strength']}, {r['table']}, draw {r['draw']})" for r in found if not r["found"]]
    loud = [f"{r['table']} ({a['column']}: {a['code']}, draw {r['draw']})" for r in clean for a in r["alarms"]]
    about = sorted(
        {f"{r['table']} ({words.split(':')[0]})" for r in clean if not r["draw"] for words in r["about_rows"]}
    )
    slow = max((row["checks_s"] for row in result["rows"].values()), default=0.0)
    return f"""## Planted leaks

Poisons at several strengths and shapes are planted in copies of the shared tables and of scikit-learn's. One counts
as found when a check about this kind of poison names a planted column with the severity that the poison deserves. A
false alarm is a warning or an error that names a column of a clean table. The checks were written with draw 0 in view,
and a few cases of it were replaced when its first results showed that they asked for what nobody could tell (one per
cent of a longitude as "nearly equal"); later draws take other rows, numbers of rows, columns and noise. **In the later
draws {share:.1%} are found** (aim: at least {AIM_FOUND:.0%}, {markdown.aim(share >= AIM_FOUND if unseen else None)}),
and **{_share(alarmed, columns):.2%} of {columns:,} clean columns are named falsely** (aim: at most {AIM_ALARMS:.1%},
{markdown.aim(_share(alarmed, columns) <= AIM_ALARMS if quiet else None)}); the same table counts each time it is
asked about. "Thought of later" are shapes that were added once the checks stood. A text whose words tell the outcome
is no poison here: for a text task that is the job. The slowest set of checks took {slow:.1f} s.

{_by_draw(found, clean)}

{_by_kind(found)}

{_by_table(clean)}

False alarms: {_listed(loud)}. Warnings about the rows of clean tables, which name no column (draw 0):
{_listed(about)}. Not found: {_listed(gone)}.

{markdown.footer(result)}
"""


def _by_draw(found: Rows, clean: Rows) -> str:
    lines = []
    for draw in sorted({row["draw"] for row in [*found, *clean]}):
        cases, tables = [r for r in found if r["draw"] == draw], [r for r in clean if r["draw"] == draw]
        hits, said = sum(r["found"] for r in cases), sum(r["severity"] != "nothing" for r in cases)
        named, columns = sum(r["alarmed"] for r in tables), sum(r["columns"] for r in tables)
        words = [f"{_share(hits, len(cases)):.1%}", f"{_share(said, len(cases)):.1%}"]
        lines.append([draw, len(cases), *words, len(tables), columns, f"{_share(named, columns):.2%}"])
    head = ["draw", "poisoned tables", "found", "said at all", "clean tables", "columns", "named falsely"]
    return markdown.table(head, lines)


def _by_kind(found: Rows) -> str:
    lines = []
    for kind in dict.fromkeys(row["kind"] for row in found):
        rows = [row for row in found if row["kind"] == kind]
        codes = ", ".join(sorted({code for row in rows for code in row["by"]}))
        noted = sum(row["severity"] != "nothing" for row in rows)
        least = " or ".join(sorted({row["least"] for row in rows}, reverse=True))
        lines.append([kind, least, len(rows), sum(r["found"] for r in rows), noted, codes or "–"])
    return markdown.table(["poison", "must be a", "cases", "found", "said at all", "by"], lines)


def _by_table(clean: Rows) -> str:
    lines = [[words, columns, named, f"{_share(named, columns):.2%}"] for words, named, columns in alarm_shares(clean)]
    return markdown.table(["clean tables", "columns", "named falsely", "share"], lines)


def alarm_shares(clean: Rows) -> list[tuple[str, int, int]]:
    """(which tables, columns named falsely, columns)."""
    tables = [leaks_tables.REAL, leaks_tables.SAMPLES, leaks_tables.NARROW, leaks_tables.GENERATED]
    groups: list[tuple[str, Callable[[dict[str, Any]], bool]]] = [
        *((words, lambda r, words=words: r["group"] == words and not r["given"]) for words in tables),
        ("any of them, a random fifth of the rows as test file", lambda r: r["given"]),
    ]
    counted = [
        (words, sum(r["alarmed"] for r in clean if wanted(r)), sum(r["columns"] for r in clean if wanted(r)))
        for words, wanted in groups
    ]
    return [line for line in counted if line[2]]


def misses(result: dict[str, Any]) -> list[str]:
    """One line for every miss and every false alarm, and a summary."""
    lines = []
    for key, row in result["rows"].items():
        if row["part"] == "clean":
            lines += [f"FALSE ALARM {key}: {a['severity']} {a['code']} on {a['column']}" for a in row["alarms"]]
            lines += [f"loud, no column, {key}: {words}" for words in row["about_rows"]]
        elif not row["found"]:
            as_note = f"only a {row['severity']} by {', '.join(row['by'])}" if row["by"] else "MISSED"
            lines.append(f"{as_note}: {key}; instead: {', '.join(row['instead']) or 'nothing'}")
        lines += [f"NOT RUN {key}: {words}" for words in row["not_run"]]
    found, clean = part(result, "planted"), part(result, "clean")
    return [*lines, _by_draw(found, clean), *(f"{w}: {a}/{c} columns" for w, a, c in alarm_shares(clean))]


def part(result: dict[str, Any], name: str) -> Rows:
    """The rows of "planted" or "clean" tables."""
    return [row for row in result["rows"].values() if row["part"] == name]


def _share(some: int, whole: int) -> float:
    return some / whole if whole else 0.0


def _listed(texts: list[str]) -> str:
    more = f"; and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return "; ".join(texts[:SHOWN]) + more if texts else "none"
