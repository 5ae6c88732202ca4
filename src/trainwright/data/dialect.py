"""Finds out how delimited text is written: delimiter, preamble, header. Pure functions of a sample."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

DELIMITERS = ("\t", ";", "|", ",")
NAMES = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma", " ": "space"}
SAMPLE_ROWS = 300

_NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)*|[.,]\d+)([eE][-+]?\d+)?%?")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")


class Rows(Protocol):
    """Rows of fields, and the number of physical lines read so far."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


@dataclass(frozen=True)
class Dialect:
    """How a delimited file is written.

    Args:
        delimiter: the character between fields.
        names: column names as they stand in the header, or None when there is no header.
        width: number of fields of a data row.
        skip_lines: physical lines before the first data row.
        preamble: physical lines before the header, or before the data when there is none.
        quote: the quoting character, or None when quotes are plain characters.
        spaced_quotes: quotes open after spaces (`1, "x, y"`), which the fast reader does not know.
    """

    delimiter: str
    names: tuple[str, ...] | None
    width: int
    skip_lines: int
    preamble: int
    quote: str | None
    spaced_quotes: bool


def sniff(sample: str, *, delimiter: str | None = None, header_row: int | None = None) -> Dialect:
    """How a file is written, from its beginning.

    Args:
        sample: whole lines from the beginning of the file.
        delimiter: given by the user, or None to find it out.
        header_row: the physical line of the header, counted from 1; 0 for no header; None to find it out.

    Example:
        >>> sniff("a;b\\n1,5;2\\n2,5;3\\n").delimiter
        ';'
    """
    if delimiter is None:
        delimiter = find_delimiter(sample)
    quote: str | None = None if _stray_quotes(sample, delimiter) else '"'
    rows = _records(sample, delimiter, quote)
    counts = Counter(len(row) for row, _ in rows[:SAMPLE_ROWS] if any(cell.strip() for cell in row))
    first_width = len(rows[0][0]) if rows else 1
    width = max(counts, key=lambda n: (counts[n], n == first_width, n)) if counts else 1
    start = _first_row(rows, width) if header_row is None else _row_at(rows, header_row)
    body_start = start
    names: tuple[str, ...] | None = None
    if rows and start < len(rows) and header_row != 0:
        body = [row for row, _ in rows[start + 1 : start + 1 + SAMPLE_ROWS] if len(row) == width]
        first = rows[start][0]
        if header_row is not None or has_header(first, body):
            names = tuple(first)
            body_start = start + 1
    # A tidy end: the line number after which the data begins, which may lie behind a header of several lines.
    lines_before = [0, *(end for _, end in rows)]
    skip_lines = lines_before[min(body_start, len(rows))]
    if names is not None and width < len(names):
        width = len(names)
    spaced = quote is not None and re.search(re.escape(delimiter) + r' +"', sample) is not None
    return Dialect(delimiter, names, width, skip_lines, lines_before[min(start, len(rows))], quote, spaced)


def find_delimiter(sample: str) -> str:
    """The delimiter that cuts most rows into the same number of fields; comma when none does."""
    best, best_score = ",", 0.0
    for candidate in DELIMITERS:
        if candidate not in sample:
            continue
        rows = [row for row, _ in _records(sample, candidate, '"')[:SAMPLE_ROWS] if row != [""]]
        counts = Counter(len(row) for row in rows)
        counts.pop(1, None)
        if not counts:
            continue
        same = max(counts.items(), key=lambda item: (item[1], item[0]))[1]
        # Rows with a delimiter inside a longer text are rare; a delimiter that only some rows have is prose.
        score = same / len(rows)
        if score > best_score + 1e-9:
            best, best_score = candidate, score
    return best


def has_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names the columns: its cells look unlike the cells below them.

    Example:
        >>> has_header(["age", "job"], [["39", "clerk"], ["50", "cook"]])
        True
        >>> has_header(["39", "clerk"], [["50", "cook"], ["38", "clerk"]])
        False
    """
    cells = [cell.strip() for cell in first]
    if not any(cells):
        return False
    if not body:  # a single row: names do not look like numbers
        return not any(_NUMBER.fullmatch(cell) for cell in cells)
    numbers = [int(cell) for cell in cells if re.fullmatch(r"\d{1,6}", cell)]
    only_whole = len(numbers) >= 3 and len(numbers) == sum(bool(_NUMBER.fullmatch(cell)) for cell in cells)
    if only_whole and all(b - a == 1 for a, b in pairwise(numbers)) and body[0] != list(first):
        return True  # 0, 1, 2, ... or 2011, 2012, ...: names made of numbers
    for_header = against = 0
    for j, cell in enumerate(cells):
        below = [row[j].strip() for row in body if j < len(row) and row[j].strip()]
        if not below or not cell:
            continue
        typed = sum(bool(_NUMBER.fullmatch(value) or _DATE.fullmatch(value)) for value in below)
        if typed >= 0.9 * len(below):
            if _NUMBER.fullmatch(cell) or _DATE.fullmatch(cell):
                against += 1
            elif cell not in ("?", "NA", "N/A", "nan", "NaN", "null", "NULL", "-"):
                for_header += 1
        elif cell in below:
            against += 1
    if for_header == against == 0:
        return len(set(cells)) == len(cells) and all(len(cell) <= 64 for cell in cells)
    return for_header > against


def text_reader(lines: Iterable[str], delimiter: str, quote: str | None) -> Rows:
    """Python's reader of delimited lines; a space after a delimiter is skipped."""
    if quote is None:
        return csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE, skipinitialspace=True)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True)


def _records(sample: str, delimiter: str, quote: str | None) -> list[tuple[list[str], int]]:
    """Rows of the sample, each with the number of physical lines up to its end."""
    lines = io.StringIO(sample, newline="")
    reader = text_reader(lines, delimiter, quote)
    rows: list[tuple[list[str], int]] = []
    try:
        for row in reader:
            rows.append((row or [""], reader.line_num))
            if len(rows) > SAMPLE_ROWS + 50:
                break
    except csv.Error:  # a field beyond csv's own limit: what came before it is sample enough
        pass
    return rows


def _first_row(rows: list[tuple[list[str], int]], width: int) -> int:
    """Position of the header or first data row: comment lines and titles above it are narrower or marked."""
    for i, (row, _) in enumerate(rows[:50]):
        text = row[0].lstrip()
        if width > 1 and (len(row) < max(2, width - 1) or text.startswith(("#", "|", "%"))):
            continue
        if any(cell.strip() for cell in row):
            return i
    return 0


def _row_at(rows: list[tuple[list[str], int]], line: int) -> int:
    """Position of the row that begins at this physical line, counted from 1; the first row for 0."""
    if line == 0:
        return 0
    begin = 1
    for i, (_, end) in enumerate(rows):
        if begin <= line <= end:
            return i
        begin = end + 1
    return len(rows)


def _stray_quotes(sample: str, delimiter: str) -> bool:
    """Whether quotes are plain characters: in tab-separated text, when they are not in pairs."""
    if delimiter != "\t":
        return False
    opened = len(re.findall(r'(?<![^\t\r\n])"', sample))
    closed = len(re.findall(r'"(?![^\t\r\n])', sample))
    return opened != closed
