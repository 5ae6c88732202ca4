"""The result file of a benchmark: what was measured, on which machine, with which versions, and when; resumable."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOLDER = HERE / "results"
STAMP = ("command", "date", "code", "load")  # what every row is kept with


def parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every benchmark has.

    Args:
        description: the script's docstring.
    """
    found = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument(
        "--data",
        type=Path,
        default=os.environ.get("TRAINWRIGHT_DATA"),
        help="the folder of real tables (default: $TRAINWRIGHT_DATA); without it their parts are left out by name",
    )
    found.add_argument("--results", type=Path, default=FOLDER, help="folder of result files (default: bench/results)")
    found.add_argument("--again", action="store_true", help="measure everything again instead of going on")
    return found


def names(text: str) -> list[str]:
    """An option that lists names separated by commas."""
    return [name for name in text.split(",") if name]


def numbers(text: str) -> list[float]:
    """An option that lists numbers separated by commas."""
    return [float(part) for part in text.split(",") if part]


class NotMeasured(Exception):
    """This machine lacks what a row needs; the row is left out by name."""


class Result:
    """Rows by key, written after each one, so that an interrupted benchmark goes on where it stopped.

    Args:
        name: of the benchmark and its file.
        options: the parsed options; `results` and `again` are used here.
        together: names of values that many rows have together, a group each; the file holds such a group once.

    A file from other versions or another machine is begun anew, because its rows could not be compared.
    """

    def __init__(self, name: str, options: argparse.Namespace, together: Sequence[Sequence[str]] = ()):
        self.path = Path(options.results) / f"{name}.json"
        self.document: dict[str, Any] = {"name": name, **environment(), "rows": {}}
        self._together = together
        if self.path.exists() and not options.again:
            earlier = read(self.path)
            if all(earlier.get(key) == self.document[key] for key in ("machine", "versions")):
                self.document["rows"] = earlier["rows"]
            else:
                say(f"{self.path.name} is from other versions or another machine: it is begun anew")

    def has(self, key: str) -> bool:
        """Whether this row was measured already; says so."""
        if key in self.document["rows"]:
            say(f"{key}: measured before")
            return True
        return False

    def measured(self, key: str, measure: Callable[..., dict[str, Any]], *arguments: Any) -> None:
        """Measures a row and keeps it, unless it is there; says when this machine lacks what it needs."""
        if self.has(key):
            return
        try:
            self.add(key, measure(*arguments))
        except NotMeasured as error:
            say(f"{key}: not measured, {error}")

    def add(self, key: str, row: dict[str, Any]) -> None:
        """Keeps a row, with the command, the date, the code and how busy the machine was."""
        stamp = {
            "command": _command(),
            "date": time.strftime("%Y-%m-%d %H:%M"),
            "code": code_version(),
            "load": round(os.getloadavg()[0], 2),
        }
        self.document["rows"][key] = {**row, **stamp}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".tmp")
        temporary.write_text(written(self.document, self._together), "utf-8")
        temporary.replace(self.path)
        say(f"{key}: {_short(row)}")


def written(document: dict[str, Any], together: Sequence[Sequence[str]] = ()) -> str:
    """The document as JSON, a row on a line, so that a change shows as the rows that changed.

    Args:
        document: of a result.
        together: as of `Result`; `shared` holds each group once, and `as` of a row its places there.
    """
    shared: dict[str, int] = {}
    rows = []
    for key, row in document["rows"].items():
        own, places = dict(row), []
        for names in together:
            group = {name: own.pop(name) for name in names if name in own}
            places.append(shared.setdefault(json.dumps(group), len(shared)))
        rows.append(f"{json.dumps(key)}: {json.dumps({**own, 'as': places} if places else own)}")
    head = json.dumps({key: value for key, value in document.items() if key != "rows"}, indent=1).removesuffix("\n}")
    groups = ',\n "shared": [\n  ' + ",\n  ".join(shared) + "\n ]" if shared else ""
    return f'{head}{groups},\n "rows": {{\n  ' + ",\n  ".join(rows) + "\n }\n}\n"


def read(path: Path) -> dict[str, Any]:
    """The document of a result file, every row whole."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    shared = document.pop("shared", [])
    for row in document["rows"].values():
        for place in row.pop("as", []):
            row |= shared[place]
    return document


def say(text: str) -> None:
    """Tells the person who runs the benchmark."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def environment() -> dict[str, Any]:
    """The machine and the versions of what can change a figure."""
    from trainwright.training.record import environment_record

    found = environment_record(threads=0, jobs=0)
    machine = {key: found[key] for key in ("processor", "cores", "memory_gb", "platform")}
    return {"machine": machine, "versions": {"python": found["python"], **found["packages"]}}


def code_version() -> str:
    """The commit of the code that was measured, with a mark when its sources were changed since."""

    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=HERE, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    commit = git("rev-parse", "--short=10", "HEAD")
    return f"{commit}, changed" if git("status", "--porcelain", "--", "../src") else commit


# What stands for the value of these options: it says where something lies for the person who ran it.
PLACES = dict.fromkeys(("--data", "--results", "--scratch", "--peers", "--peers-python"), "FOLDER") | {
    "--postgres": "URL"
}


def _command() -> str:
    """The command line, without the places of the person who ran it."""
    words: list[str] = []
    hidden = ""
    for word in sys.argv[1:]:
        name, given, _ = word.partition("=")
        words.append(hidden or (name if name in PLACES else word))
        hidden = "" if hidden else PLACES.get(name, "")
        if hidden and given:
            words.append(hidden)
            hidden = ""
    return shlex.join(["python", f"bench/{Path(sys.argv[0]).name}", *words])


def _short(row: dict[str, Any]) -> str:
    """A row on one line."""
    parts = []
    for key, value in row.items():
        if isinstance(value, float):
            parts.append(f"{key} {value:.4g}")
        elif isinstance(value, bool | int | str):
            parts.append(f"{key} {value}")
    return ", ".join(parts)[:400]
