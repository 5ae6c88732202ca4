"""The command line of an exported model: reads CSV or JSON, writes predictions as CSV or JSON."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO


def main(arguments: Sequence[str], load: Callable[[], Any]) -> int:
    """Predicts the rows of a file; returns the exit status: 0, or 2 for a mistake in what was given.

    Args:
        arguments: of the command line.
        load: opens the model.
    """
    parser = argparse.ArgumentParser(prog="predict.py", description="Predicts the rows of a CSV or JSON file.")
    parser.add_argument("table", help="a .csv, .json or .jsonl file; - reads JSON lines from standard input")
    parser.add_argument("-o", "--output", help="where to write: .csv, .json or .jsonl; otherwise CSV on the screen")
    parser.add_argument("--threshold", type=float, help="for two classes, instead of the model's own")
    options = parser.parse_args(arguments)
    try:
        rows = _read(options.table)
        model = load()
        out = model.predict(rows, options.threshold)
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"error: {error.args[0] if isinstance(error, KeyError) else error}\n")
        return 2
    for note in model.notes:
        sys.stderr.write(f"note: {note}\n")
    if options.output is None:
        _write(out, sys.stdout, ".csv")
    else:
        with Path(options.output).open("w", encoding="utf-8", newline="") as file:
            _write(out, file, Path(options.output).suffix.lower())
    return 0


def _read(place: str) -> list[dict[str, Any]]:
    """The rows of a file as mappings.

    Raises:
        ValueError: it is no such file, or a row is not a mapping.
    """
    if place == "-":
        return _mappings([json.loads(line) for line in sys.stdin if line.strip()], place)
    path = Path(place)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    text = path.read_text("utf-8")
    if suffix == ".json":
        found = json.loads(text)
        return _mappings([found] if isinstance(found, dict) else found, place)
    if suffix in (".jsonl", ".ndjson"):
        return _mappings([json.loads(line) for line in text.splitlines() if line.strip()], place)
    raise ValueError(f"{place} is no .csv, .json or .jsonl file")


def _mappings(rows: Any, place: str) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{place} must hold rows as mappings from column name to value")
    return rows


def _write(rows: list[dict[str, Any]], file: TextIO, suffix: str) -> None:
    if suffix == ".json":
        json.dump(rows, file, ensure_ascii=False, indent=1)
    elif suffix in (".jsonl", ".ndjson"):
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif rows:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
