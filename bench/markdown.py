"""Pieces of Markdown that the sections of `docs/benchmarks.md` are made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; numbers stand right."""
    lines = [_line(head), _line(["---:" if _is_number(rows, j) else "---" for j in range(len(head))])]
    return "\n".join([*lines, *(_line([_cell(value) for value in row]) for row in rows)])


def footer(result: dict[str, Any]) -> str:
    """Command, machine, versions, dates and code of a result, as one line."""
    rows = list(result["rows"].values())
    machine = result["machine"]
    dates = sorted({row["date"][:10] for row in rows})
    codes = sorted({row["code"] for row in rows})
    commands = ", ".join(f"`{command}`" for command in sorted({row["command"] for row in rows}))
    load = max((row["load"] for row in rows), default=0.0)
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return (
        f"<sub>{commands} · {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GiB · {versions} · {' to '.join(dict.fromkeys([dates[0], dates[-1]]))} · "
        f"code {', '.join(codes)} · load when a part ended at most {load}</sub>"
    )


def yes(value: bool) -> str:
    """A truth as a word."""
    return "yes" if value else "**no**"


def aim(met: bool | None) -> str:
    """Whether an aim is met."""
    return "not measured" if met is None else ("met" if met else "**missed**")


def mean(values: Sequence[float]) -> float:
    """The mean; NaN without values."""
    return sum(values) / len(values) if values else math.nan


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _cell(value: Any) -> str:
    if isinstance(value, float):
        if math.isnan(value):
            return "–"
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    if isinstance(value, bool):
        return yes(value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def _is_number(rows: Sequence[Sequence[Any]], j: int) -> bool:
    return bool(rows) and all(isinstance(row[j], int | float) and not isinstance(row[j], bool) for row in rows)
