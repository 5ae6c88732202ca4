"""How the command line speaks: tables and sentences for people, one JSON document for scripts, errors for both."""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from typing import Any

import click

workspace_option = click.option(
    "--workspace",
    metavar="FOLDER",
    help="The workspace; by default the nearest .trainwright folder, or $TRAINWRIGHT_WORKSPACE.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")


class ReaderLeftError(Exception):
    """Whoever read our output has closed it (`| head`); no error of anybody."""


def print_json(document: Any) -> None:
    """Writes one JSON document to standard output; NaN and infinity become null."""
    _write(json.dumps(plain(document), ensure_ascii=False, indent=1) + "\n")


def plain(value: Any) -> Any:
    """The value with everything that JSON cannot hold replaced."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return plain(value.item())
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    return str(value)


def say(text: str = "") -> None:
    """Writes a line for people."""
    _write(clean(text) + "\n")


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except BrokenPipeError:  # click would leave with status 1
        raise ReaderLeftError from None


def clean(text: str) -> str:
    """The text without control characters: a file's content must not steer the terminal.

    Example:
        >>> clean("a\\x1b[31mb")
        'a[31mb'
    """
    return "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 127 <= ord(c) < 160))


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]], right: Sequence[int] = ()) -> None:
    """Writes aligned columns that fit the terminal, cutting the widest cells first.

    Args:
        headings: one per column.
        rows: cells; None is shown as a dash.
        right: positions of columns aligned to the right.
    """
    cells = [[clean(str(h)) for h in headings]]
    cells += [["-" if v is None else clean(str(v)).replace("\n", " ") for v in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(headings))]
    room = max(_width() - 2 * (len(widths) - 1), 20)
    while sum(widths) > room and max(widths) > 8:
        widths[widths.index(max(widths))] -= 1
    for n, row in enumerate(cells):
        shown = []
        for i, (value, width) in enumerate(zip(row, widths)):
            value = value if len(value) <= width else value[: max(width - 1, 1)] + "…"
            shown.append(value.rjust(width) if i in right else value.ljust(width))
        say("  ".join(shown).rstrip())
        if n == 0:
            say("  ".join("─" * width for width in widths))


def fail(message: str, code: int, *, as_json: bool) -> int:
    """Says what went wrong, on standard error for people and as the one document for scripts; returns the status."""
    sys.stderr.write(f"error: {clean(message)}\n")
    if as_json:
        print_json({"error": {"message": message, "exit_code": code}})
    return code


def misuse(error: click.ClickException, *, as_json: bool) -> int:
    """Tells of a wrong flag or argument, with the command's usage line; a command alone gets its help."""
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and context is not None:
        sys.stderr.write(error.format_message() + "\n")
        return 2
    usage = f" (see `{context.command_path} --help`)" if context is not None else ""
    return fail(f"{error.format_message().rstrip('.')}{usage}", 2, as_json=as_json)


def unexpected(error: Exception, *, as_json: bool) -> int:
    """Tells of a fault of ours; the details go into a file, because a traceback tells a user nothing."""
    handle, path = tempfile.mkstemp(prefix="trainwright-error-", suffix=".txt")
    with os.fdopen(handle, "w") as file:
        file.write("".join(traceback.format_exception(error)))
    return fail(
        f"a fault of ours: {type(error).__name__}: {error}; what happened in detail is in {path}, "
        "please send it with your report",
        1,
        as_json=as_json,
    )


def _width() -> int:
    try:
        return max(os.get_terminal_size(sys.stdout.fileno()).columns, 60)
    except (OSError, ValueError):
        return 200
