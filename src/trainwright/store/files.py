"""Publishes folders of files under the hash of their content: complete and durable, or not there at all."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from trainwright.errors import EnvironmentProblem, TrainwrightError
from trainwright.store.problems import storage_problems
from trainwright.store.process import current_owner
from trainwright.store.workspace import Workspace

ARTIFACTS = "artifacts"
TEMPORARY = "tmp"


@dataclass(frozen=True)
class Published:
    """A folder of files that will never change.

    Args:
        kind: what it holds ("snapshot", "package", "trial", ...): the folder under `artifacts`.
        sha: SHA-256 over the sorted list of its files and their own SHA-256.
        path: where it lies.
        bytes: the size of its files together.
    """

    kind: str
    sha: str
    path: Path
    bytes: int


def publish(workspace: Workspace, kind: str, fill: Callable[[Path], None], *, needed: int | None = None) -> Published:
    """Lets `fill` write files into a temporary folder, then gives the folder its place
    `artifacts/<kind>/<sha>`.

    Every file reaches the disk before the folder gets its name, so a name always means complete content,
    also after a power cut. The same content published twice is stored once. The row that names the artifact
    is written afterwards; `sweep` removes what no row came to name.

    Args:
        workspace: where.
        kind: a word for what it holds; lower-case letters, digits and hyphens.
        fill: writes at least one file into the empty folder it is given; folders inside it are kept.
        needed: bytes that will be written, when known, for the message about a full disk.

    Raises:
        EnvironmentProblem: the disk is full or cannot be written; what was half-written is removed.

    Example:
        >>> published = publish(workspace, "note", fill)   # doctest: +SKIP
        >>> published.path == artifact_path(workspace, "note", published.sha)   # doctest: +SKIP
        True
    """
    if workspace.read_only:
        raise EnvironmentProblem(f"the workspace {workspace.path} can only be read")
    temporary = workspace.path / TEMPORARY / f"{current_owner()}-{secrets.token_hex(6)}"
    with storage_problems(workspace.path, needed=needed):
        try:
            temporary.mkdir(parents=True)
            fill(temporary)
            sha, size = _seal(temporary)
            path = _give_place(temporary, artifact_path(workspace, kind, sha))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return Published(kind, sha, path, size)


def artifact_path(workspace: Workspace, kind: str, sha: str) -> Path:
    """Where the artifact with this hash lies, whether or not it does."""
    return workspace.path / ARTIFACTS / kind / sha


def open_artifact(workspace: Workspace, kind: str, sha: str) -> Path:
    """The folder of a published artifact.

    Raises:
        EnvironmentProblem: it is not there: the workspace was copied in part, or files were removed by hand.
    """
    path = artifact_path(workspace, kind, sha)
    if not path.is_dir():
        raise EnvironmentProblem(
            f"the workspace names {kind} {sha[:12]}, but {path} is not there",
            remedy="restore the folder from a backup; artifacts must be copied together with the database",
        )
    return path


def name_artifact(connection: Connection, published: Published, subject: str, *, now: float) -> None:
    """Writes a row that keeps an artifact from being swept, for what no table has a column for.

    Args:
        connection: a write transaction.
        published: the artifact.
        subject: what needs it, for example "run 7 report".
        now: seconds since 1970.
    """
    from trainwright.store.tables import artifact_use

    named = artifact_use.select().where(artifact_use.c.sha == published.sha, artifact_use.c.subject == subject)
    if connection.execute(named).first() is None:
        row = {"sha": published.sha, "subject": subject, "kind": published.kind, "created": now}
        connection.execute(artifact_use.insert().values(row))


def folder_hash(folder: Path) -> tuple[str, int]:
    """SHA-256 over the sorted (relative path, SHA-256) of every file, and the bytes of all.

    Raises:
        TrainwrightError: the folder holds no file, or something that is neither a file nor a folder.
    """
    lines: list[str] = []
    size = 0
    for path in sorted(folder.rglob("*"), key=lambda p: p.relative_to(folder).as_posix()):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise TrainwrightError(f"{path} is neither a file nor a folder, so it cannot be published")
        if path.is_file():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            lines.append(f"{digest}  {path.relative_to(folder).as_posix()}\n")
            size += path.stat().st_size
    if not lines:
        raise TrainwrightError(f"nothing was written into {folder}")
    return hashlib.sha256("".join(lines).encode()).hexdigest(), size


def _seal(folder: Path) -> tuple[str, int]:
    """Hashes the folder after every file and folder in it reached the disk."""
    for path in folder.rglob("*"):
        sync(path)
    sync(folder)
    return folder_hash(folder)


def _give_place(temporary: Path, final: Path) -> Path:
    """Renames the folder to its place, or takes the equal one that is already there."""
    final.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(100):
        try:
            os.utime(final)  # a fresh time keeps a sweep from removing it before its row is written
            return final
        except FileNotFoundError:
            pass
        try:
            temporary.rename(final)
        except OSError:
            if not final.is_dir():
                raise
            continue  # another process published the same content a moment ago
        sync(final.parent)
        return final
    raise TrainwrightError(f"{final} appears and disappears; another program works in the workspace")


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all: under a temporary name beside it, brought to the disk, then renamed.

    Raises:
        EnvironmentProblem: the disk is full or the folder cannot be written; what stood there stays.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with storage_problems(path.parent, needed=len(content)):
        try:
            temporary.write_bytes(content)
            sync(temporary)
            temporary.replace(path)
            sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Brings a file, or the names in a folder, to the disk."""
    windows = os.name == "nt"
    if windows and path.is_dir():  # Windows cannot open a folder, and orders renames itself
        return
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)  # Windows flushes only what may be written
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
