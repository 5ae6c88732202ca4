"""Checks a package before anything is parsed by a library: the manifest's hash, every file's hash, nothing
extra.

A package is a folder of plain files. Links, devices, files the manifest does not name, and sizes beyond
the limits are refused; a message names the file.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from trainwright.data.columns import Layout
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.packages import plain_json, upgrade
from trainwright.packages.manifest import LAYOUT, NAME, Manifest
from trainwright.packages.plain_json import Reader

MAX_FILES = 20_000
GIB = 1024**3
MAX_SIZE = 64 * GIB
MAX_SIZE_ELSEWHERE = 1 * GIB
_BLOCK = 1 << 20
_REMEDY = "copy the package again from where it was made, or train again"


@dataclass(frozen=True)
class Checked:
    """A package whose every byte is as its manifest says.

    Args:
        folder: where it lies.
        manifest: its manifest, in the current format.
        sha: SHA-256 of the file manifest.json.
        layout: names and vocabularies of the feature columns.
        reference: for each feature the value that stands for "nothing special", see `reference.py`.
    """

    folder: Path
    manifest: Manifest
    sha: str
    layout: Layout
    reference: dict[str, float | str | None]


def check_package(folder: Path, expected_sha: str | None = None, *, max_size: int = MAX_SIZE) -> Checked:
    """Reads and checks a package; nothing in it is opened by a learning library here.

    Args:
        folder: the package.
        expected_sha: SHA-256 of manifest.json as the workspace keeps it, or None when nobody knows.
        max_size: most bytes of all files together.

    Raises:
        UserError: a byte differs, a file is missing or extra, or the folder is no package.
        EnvironmentProblem: a newer release is needed, or a file cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"there is no package at {folder}", remedy="give the folder that holds manifest.json")
    found = dict(_walk(folder))
    if NAME not in found:
        raise UserError(f"{folder} holds no {NAME}, so it is no package")
    data = _read(folder / NAME)
    sha = hashlib.sha256(data).hexdigest()
    if expected_sha is not None and sha != expected_sha:
        raise UserError(
            f"{folder / NAME} was changed after training: its SHA-256 is {sha}, expected {expected_sha}",
            remedy=_REMEDY,
        )
    manifest = Manifest.from_json(upgrade.current(plain_json.from_bytes(data, NAME), folder))
    _check_files(folder, manifest, found, max_size)
    layout, reference = _read_layout(folder, manifest)
    return Checked(folder, manifest, sha, layout, reference)


def _walk(folder: Path, prefix: str = "") -> Iterator[tuple[str, int]]:
    """Every file and every empty folder ("name/") below, with its size; there may be nothing else."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise EnvironmentProblem(f"{folder} cannot be read: {error.strerror}") from error
    if prefix.count("/") > 8 or len(entries) > MAX_FILES:
        raise UserError(f"{folder} is nested too deeply or has too many files for a package")
    for entry in entries:
        name = prefix + entry.name
        kind = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(kind.st_mode):
            inside = list(_walk(Path(entry.path), name + "/"))
            yield from inside or [(name + "/", 0)]
        elif stat.S_ISREG(kind.st_mode):
            yield name, kind.st_size
        else:
            raise UserError(f"{name!r} in the package is a link or a device, not a plain file")


def _check_files(folder: Path, manifest: Manifest, found: dict[str, int], max_size: int) -> None:
    if len(manifest.files) > MAX_FILES or manifest.size > max_size:
        raise UserError(
            f"{NAME} names {len(manifest.files):,} files of {manifest.size / 1e6:,.0f} MB together; "
            f"at most {MAX_FILES:,} files and {max_size / 1e6:,.0f} MB are opened"
        )
    missing = sorted(set(manifest.files) - set(found))
    if missing:
        raise UserError(f"the package lacks the file {missing[0]!r} that its manifest names", remedy=_REMEDY)
    extra = sorted(set(found) - set(manifest.files) - {NAME})
    if extra:
        raise UserError(f"the package has {extra[0]!r}, which its manifest does not name", remedy=_REMEDY)
    for name, entry in sorted(manifest.files.items()):
        sha = _hash(folder / name) if found[name] == entry.size else None
        if sha != entry.sha256:
            detail = f"{found[name]:,} bytes, expected {entry.size:,}" if sha is None else f"SHA-256 {sha}"
            raise UserError(
                f"the file {name!r} of the package was changed: {detail}, expected SHA-256 {entry.sha256}",
                remedy=_REMEDY,
            )


def _read(path: Path) -> bytes:
    """The bytes of a small file; a few more than the limit, so that the reader can say that it is too
    large."""
    try:
        with path.open("rb") as file:
            return file.read(plain_json.MAX_BYTES + 1)
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}") from error


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror}") from error
    return digest.hexdigest()


def _read_layout(folder: Path, manifest: Manifest) -> tuple[Layout, dict[str, float | str | None]]:
    """The layout and the reference values, checked against each other
    and against the schema."""
    if LAYOUT not in manifest.files:
        raise UserError(f"{NAME} names no {LAYOUT}")
    top = Reader(plain_json.from_bytes(_read(folder / LAYOUT), LAYOUT), LAYOUT)
    names = {key: top.texts(key) for key in ("numbers", "categories", "times", "texts")}
    vocabulary = top.items("vocabulary")
    if len(vocabulary) != len(names["categories"]):
        raise top.fail("vocabulary", "one list for each category column")
    for values in vocabulary:
        plain = isinstance(values, list) and all(isinstance(value, str) for value in values)
        if not plain or any(a >= b for a, b in pairwise(values)):
            raise UserError(f"{LAYOUT}: each vocabulary must be a sorted list of different texts")
    layout = Layout.from_json(top.data)
    features = {column.name for column in manifest.schema.features}
    if len(set(layout.names)) != len(layout.names) or not set(layout.names) <= features:
        raise UserError(f"{LAYOUT}: the columns are not the features of the schema")
    reference = {}
    for name, value in (top.data.get("reference") or {}).items():
        if name not in features or isinstance(value, bool) or not isinstance(value, int | float | str | None):
            raise UserError(f"{LAYOUT}: the reference value of {name!r:.80} is not a number, a text or null")
        reference[name] = value
    return layout, reference
