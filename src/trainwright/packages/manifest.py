"""The manifest of a package: what it predicts, from which columns, with which members, and the hash of
every file.

Format 1. The manifest's own SHA-256 stands in the workspace's version row, so that a rewritten manifest is
noticed. It holds no time, no machine fact and no figure of the sealed test: the same training writes the
same bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from trainwright.data.schema import Schema, Target
from trainwright.errors import UserError
from trainwright.packages import plain_json
from trainwright.packages.number_intervals import IntervalState
from trainwright.packages.plain_json import Reader
from trainwright.packages.second_level import SecondLevel

FORMAT = 1
NAME = "manifest.json"
LAYOUT = "layout.json"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # device names on Windows
_SHA = re.compile(r"[0-9a-f]{64}")
VERSION = re.compile(r"\d[0-9A-Za-z.+\-]{0,40}")


@dataclass(frozen=True)
class MemberEntry:
    """One member of the package.

    Args:
        name: the candidate's name in the leaderboard.
        family: the key in `models.families.families()`.
        fold: the fold it was trained in, or None when it was trained on all development rows.
        weight: its share in the average; shares are divided by their sum.
        folder: where it lies, relative to the package.
    """

    name: str
    family: str
    fold: int | None
    weight: float
    folder: str


@dataclass(frozen=True)
class FileEntry:
    """SHA-256 and size in bytes of one file."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What a package is; see the module for what it never holds.

    Args:
        writer: the version of trainwright that wrote it.
        target: what is predicted, with the classes in order and spelling.
        schema: every column of the training table, with kind and role.
        members: the models whose weighted average predicts.
        calibration: the state of the calibration, `{"kind": "identity"}` when there is none.
        threshold: for two classes, the probability of the positive class from which it is predicted, or None.
        data_version: content hash of the dataset version it was trained on.
        split: a summary of the split.
        seed: the seed of the training.
        metrics: validation figures: name -> {"value", "low", "high", "n_rows", ...}.
        required: library -> range of versions that predicting needs.
        files: path relative to the package -> hash and size, for every file but the manifest.
        interval: for a number, what its lower and upper bounds are made of, or None.
        combine: for classes, how the members' predictions become one where that is no average; None: it is one.
    """

    writer: str
    target: Target
    schema: Schema
    members: tuple[MemberEntry, ...]
    calibration: dict[str, Any] = field(default_factory=lambda: {"kind": "identity"})
    threshold: float | None = None
    data_version: str = ""
    split: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    metrics: dict[str, Any] = field(default_factory=dict)
    required: dict[str, str] = field(default_factory=dict)
    files: dict[str, FileEntry] = field(default_factory=dict)
    interval: IntervalState | None = None
    combine: SecondLevel | None = None

    @property
    def task(self) -> str:
        """The kind of target: "classes" or "number"."""
        return self.target.task

    @property
    def size(self) -> int:
        """Bytes of all files but the manifest."""
        return sum(entry.size for entry in self.files.values())

    def to_json(self) -> dict[str, Any]:
        """The manifest as plain data."""
        return {
            "format": FORMAT,
            "writer": self.writer,
            "task": self.task,
            "target": self.target.to_json(),
            "schema": self.schema.to_json(),
            "members": [vars(member) for member in self.members],
            "calibration": self.calibration,
            "decision": {"threshold": self.threshold},
            "data_version": self.data_version,
            "split": self.split,
            "seed": self.seed,
            "metrics": self.metrics,
            "required": self.required,
            "files": {name: vars(entry) for name, entry in self.files.items()},
            **({} if self.interval is None else {"interval": self.interval.to_json()}),
            **({} if self.combine is None else {"combine": self.combine.to_json()}),
        }

    def to_bytes(self) -> bytes:
        """The bytes of manifest.json."""
        return plain_json.to_bytes(self.to_json())

    @property
    def sha(self) -> str:
        """SHA-256 of manifest.json as this release writes it. For a package in an older format the hash of
        the file itself counts: see `verify.read_manifest`."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @classmethod
    def from_json(cls, data: Any) -> Manifest:
        """The manifest from plain data in the current format, every key checked.

        Raises:
            UserError: a key is missing or has a wrong value; the message names it.
        """
        top = Reader(data, NAME)
        target = _target(Reader(top.mapping("target"), f"{NAME}, target"))
        if top.text("task") != target.task:
            raise top.fail("task", f"the target's task {target.task!r}")
        decision = Reader(top.mapping("decision"), f"{NAME}, decision")
        threshold = None if decision.data.get("threshold") is None else decision.number("threshold", 0, 1)
        writer = top.text("writer", 50)
        if not VERSION.fullmatch(writer):
            raise top.fail("writer", "a version number")
        required = top.mapping("required")
        if not all(isinstance(value, str) for value in required.values()):
            raise top.fail("required", "ranges of versions by library")
        files = {
            check_path(name): _file(Reader(entry, f"{NAME}, files[{name!r}]"))
            for name, entry in top.mapping("files").items()
        }
        check_distinct(files)
        members = _members(top)
        return cls(
            writer=writer,
            target=target,
            schema=_schema(top),
            members=members,
            calibration=top.mapping("calibration"),
            threshold=threshold,
            data_version=top.text("data_version", 200),
            split=top.mapping("split"),
            seed=top.integer("seed"),
            metrics=top.mapping("metrics"),
            required=required,
            files=files,
            interval=_interval(top, target, members),
            combine=_combine(top, target, members),
        )


def check_path(name: str) -> str:
    """The path itself if it stays inside the package and means one file on every system.

    Example:
        >>> check_path("members/a-0/model.json")
        'members/a-0/model.json'
        >>> check_path("../a")
        Traceback (most recent call last):
        ...
        trainwright.errors.UserError: manifest.json names the path '../a', expected a plain relative path
    """
    parts = name.split("/")
    plain = all(_PART.fullmatch(p) and not p.endswith(".") and not _RESERVED.fullmatch(p) for p in parts)
    if not plain or len(parts) > 8 or name == NAME:
        raise UserError(f"{NAME} names the path {name!r:.120}, expected a plain relative path")
    return name


def check_distinct(names: Iterable[str]) -> None:
    """Refuses two paths that a file system without capital letters would merge."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(name.lower(), name)
        if other != name:
            raise UserError(f"{NAME} names the paths {other!r} and {name!r}, which differ only in capital letters")


def _target(reader: Reader) -> Target:
    task = reader.text("task")
    classes = reader.texts("classes")
    if task not in ("classes", "number"):
        raise reader.fail("task", "'classes' or 'number'")
    if task == "classes" and (len(classes) < 2 or len(set(classes)) != len(classes)):
        raise reader.fail("classes", "at least two different labels")
    if task == "number" and classes:
        raise reader.fail("classes", "empty for a number")
    positive = reader.optional_text("positive")
    if positive is not None and positive not in classes:
        raise reader.fail("positive", "one of the classes")
    labels = reader.optional_text("numeric_labels")
    if labels not in (None, "int", "float", "bool"):
        raise reader.fail("numeric_labels", "null, 'int', 'float' or 'bool'")
    return Target(reader.text("column"), task, classes, positive, labels)


def _schema(top: Reader) -> Schema:
    items = top.items("schema")
    try:
        schema = Schema.from_json(items)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise UserError(f"{NAME}: 'schema' holds a column that cannot be read: {error}") from error
    if not all(isinstance(column.name, str) for column in schema.columns):
        raise top.fail("schema", "columns whose names are texts")
    return schema


def _members(top: Reader) -> tuple[MemberEntry, ...]:
    items = top.items("members")
    if not 1 <= len(items) <= 1000:
        raise UserError(f"{NAME}: 'members' must hold 1 to 1,000 members, got {len(items)}")
    out = []
    for i, item in enumerate(items):
        reader = Reader(item, f"{NAME}, members[{i}]")
        folder = check_path(reader.text("folder"))
        if PurePosixPath(folder).parts[0] != "members" or folder.count("/") != 1:
            raise reader.fail("folder", "'members/' and one plain name")
        fold = None if reader.data.get("fold") is None else reader.integer("fold", 0)
        out.append(MemberEntry(reader.text("name"), reader.text("family"), fold, reader.number("weight", 0), folder))
    if sum(member.weight for member in out) <= 0:
        raise UserError(f"{NAME}: the weights of the members must have a sum above 0")
    if len({member.folder.lower() for member in out}) != len(out):
        raise UserError(f"{NAME}: two members lie in the same folder")
    return tuple(out)


def _interval(top: Reader, target: Target, members: tuple[MemberEntry, ...]) -> IntervalState | None:
    if top.data.get("interval") is None:
        return None
    if target.task != "number":
        raise top.fail("interval", "absent where the target has classes")
    reader = Reader(top.mapping("interval"), f"{NAME}, interval")
    return IntervalState.read(reader, [member.fold for member in members])


def _combine(top: Reader, target: Target, members: tuple[MemberEntry, ...]) -> SecondLevel | None:
    if top.data.get("combine") is None:
        return None
    if target.task == "number":
        raise top.fail("combine", "absent where the target is a number: there the weights stand beside the members")
    reader = Reader(top.mapping("combine"), f"{NAME}, combine")
    return SecondLevel.read(reader, target, [member.name for member in members])


def _file(reader: Reader) -> FileEntry:
    sha = reader.text("sha256")
    if not _SHA.fullmatch(sha):
        raise reader.fail("sha256", "64 hexadecimal digits")
    return FileEntry(sha, reader.integer("size", 0))
