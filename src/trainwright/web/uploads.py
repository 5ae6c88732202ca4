"""Uploads: streamed to the disk as they come, looked at, published whole; one that is cut off leaves nothing."""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, Text, cast, select
from starlette.concurrency import run_in_threadpool

from trainwright.data.formats import READABLE, SUFFIXES, TEXT, check_text, format_of
from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.files import TEMPORARY, artifact_path, open_artifact, publish
from trainwright.store.problems import storage_problems
from trainwright.store.process import current_owner
from trainwright.store.rows import insert_row
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.problems import Refusal

KIND = "upload"
LONGEST_NAME = 200


@dataclass(frozen=True)
class Upload:
    """A file that somebody sent.

    Args:
        id: the row, by which requests name it.
        name: the file's own name.
        kind: its format, such as "delimited text" or "Parquet".
        bytes: its size.
        sha: SHA-256 of its content.
        who: sent it.
        created: seconds since 1970.
    """

    id: int
    name: str
    kind: str
    bytes: int
    sha: str
    who: str
    created: float


async def receive(workspace: Workspace, name: str, chunks: AsyncIterator[bytes], *, who: str) -> Upload:
    """Takes a file in and gives it a number.

    Args:
        workspace: where it is kept.
        name: as the sender calls it.
        chunks: of its content.
        who: sends it.

    Raises:
        Refusal: it is of a kind that is not read (415), or holds something else than its name says (422).
        EnvironmentProblem: the disk is full; nothing is left of it.
    """
    name = check_name(name)
    folder = workspace.path / TEMPORARY / f"{current_owner()}-upload-{secrets.token_hex(6)}"
    path = folder / name
    digest = hashlib.sha256()
    try:
        with storage_problems(workspace.path):
            folder.mkdir(parents=True)
            with path.open("wb") as file:
                async for chunk in chunks:
                    digest.update(chunk)
                    await run_in_threadpool(file.write, chunk)
        return await run_in_threadpool(_keep, workspace, path, digest.hexdigest(), who)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_name(name: str) -> str:
    """The last part of a file's name, where a table may be called so.

    Raises:
        Refusal: the name cannot be used, or its suffix is of no format that is read.

    Example:
        >>> check_name("C:\\\\data\\\\adult.csv"), check_name("../../adult.csv.gz")
        ('adult.csv', 'adult.csv.gz')
    """
    last = re.split(r"[/\\]", name)[-1].strip()
    if not last or last.startswith(".") or not last.isprintable() or len(last.encode()) > LONGEST_NAME:
        raise Refusal(422, "the file needs a name of 1 to 200 printable characters", remedy="name it like data.csv")
    suffixes = [suffix.lower() for suffix in Path(last).suffixes]
    inner = suffixes[-2:-1] if suffixes[-1:] == [".gz"] else suffixes[-1:]
    if not inner or inner[0] not in SUFFIXES:
        raise Refusal(415, f"{last!r} is of a kind that is not read", remedy=f"give {READABLE}")
    return last


def list_uploads(connection: Connection, *, limit: int, before: int | None = None) -> list[Upload]:
    """Uploads, the newest first."""
    table = tables.upload
    query = select(table).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(table.c.id < before)
    return [_read(row) for row in connection.execute(query)]


def get_upload(connection: Connection, upload_id: int) -> Upload:
    """The upload with this number.

    Raises:
        UserError: there is none.
    """
    return _read(_row(connection, upload_id))


def upload_path(workspace: Workspace, upload_id: int) -> Path:
    """Where the file of an upload lies.

    Raises:
        UserError: there is no such upload.
        EnvironmentProblem: its file is gone.
    """
    with read(workspace) as connection:
        row = _row(connection, upload_id)
    return open_artifact(workspace, KIND, row.artifact) / row.name


def delete_upload(workspace: Workspace, upload_id: int, *, who: str) -> None:
    """Forgets an upload; what was trained on it keeps its own copy of the rows.

    Raises:
        UserError: there is no such upload.
        Refusal: a schedule or a job that waits will still read its file (409).
    """
    table = tables.upload
    with write(workspace) as connection:
        row = _row(connection, upload_id)
        connection.execute(table.delete().where(table.c.id == upload_id))
        shared = connection.execute(select(table.c.id).where(table.c.artifact == row.artifact)).first() is not None
        if not shared:
            _check_unread(connection, row)
        record_act(connection, "delete upload", f"upload {upload_id} {row.name}", who=who)
    if not shared:
        shutil.rmtree(artifact_path(workspace, KIND, row.artifact), ignore_errors=True)


def _check_unread(connection: Connection, upload: Row[Any]) -> None:
    """Refuses to remove a file that a schedule reads at each of its moments, or a job once a worker takes it.

    Any other job has read its rows already, when it was asked for.
    """
    from trainwright.jobs.unprepared import WAITS

    schedule, run, job = tables.schedule, tables.run, tables.job
    names = f"%{upload.artifact}%"
    query = select(schedule.c.id, tables.project.c.name).join(tables.project).where(schedule.c.enabled.is_(True))
    named = schedule.c.source.like(names) | cast(schedule.c.settings, Text).like(names)
    reads = connection.execute(query.where(named).order_by(schedule.c.id)).first()
    if reads is not None:
        raise Refusal(
            409,
            f"schedule {reads.id} of project {reads.name} reads upload {upload.id} {upload.name} each time",
            remedy=f"remove schedule {reads.id} first, and make one with another table if it is to go on",
        )
    waits = select(run.c.id).join(job).where(job.c.state.in_(("queued", "initializing")))
    unread = cast(run.c.record, Text).contains(WAITS) & cast(run.c.settings, Text).like(names)
    waiting = connection.execute(waits.where(unread).order_by(run.c.id)).first()
    if waiting is not None:
        raise Refusal(
            409,
            f"job {waiting.id} waits and has not read upload {upload.id} {upload.name} yet",
            remedy=f"let it begin, or cancel job {waiting.id}",
        )


def _keep(workspace: Workspace, path: Path, sha: str, who: str) -> Upload:
    """Looks at the file, publishes it and writes its row."""
    try:
        kind, packed = format_of(path)
        if kind in TEXT:
            check_text(path, packed)
    except UserError as error:
        raise Refusal(422, error.problem, remedy=error.remedy) from error
    size = path.stat().st_size
    published = publish(workspace, KIND, lambda folder: _move(path, folder))
    values: dict[str, Any] = {
        "sha": sha,
        "name": path.name,
        "kind": f"{kind}, packed with gzip" if packed else kind,
        "bytes": size,
        "artifact": published.sha,
        "created": time.time(),
        "who": who,
    }
    with write(workspace) as connection:
        new = insert_row(connection, tables.upload, **values)
        record_act(connection, "upload", f"upload {new} {path.name}", who=who, details={"bytes": size, "sha": sha})
        return get_upload(connection, new)


def _move(path: Path, folder: Path) -> None:
    path.rename(folder / path.name)


def _row(connection: Connection, upload_id: int) -> Row[Any]:
    row = connection.execute(select(tables.upload).where(tables.upload.c.id == upload_id)).first()
    if row is None:
        raise UserError(f"there is no upload {upload_id}", remedy="send the file again")
    return row


def _read(row: Row[Any]) -> Upload:
    return Upload(row.id, row.name, row.kind, row.bytes, row.sha, row.who, row.created)
