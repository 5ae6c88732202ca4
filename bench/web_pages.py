"""The server with much to show: time of every page, of a new point on its way, of the first page, and its memory.

    python bench/web_pages.py [--runs 1000] [--points 1000000] [--requests 30]

A small table is trained on once; projects, runs and versions are then copied, a third of the runs into one project,
and points are made, a tenth of them in one run (`web_rows.py`). `trainwright serve` runs as its own process, and every
page and REST address that only reads is asked for, with that project, its newest version and its newest runs in its
name. `--postgres URL` measures PostgreSQL, too. About two minutes for each on 2 cores.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jobs_rows
import markdown
import numpy as np
import results
import web_rows
from sqlalchemy import select

from trainwright.store import tables
from trainwright.store.events import add_points
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace, open_workspace

TOKEN = "a-token-of-this-benchmark"
# Not asked for: a stream has no end, a package is a file, the others need an upload, a prediction of a person, or a run
# that repeats another one.
LEFT_OUT = (
    "/stream",
    "/export",
    "/login",
    "/api/v1/projects/{project}/versions/{version}/package",
    "/statistics",
    "/reproduction",
    ".csv",
)
# Lists that are asked for in part, beside themselves.
PARTS = ("/jobs?state=working", "/jobs?state=failed", "/jobs?before={finished}", "/jobs?project={project}")
# With an uploaded table.
UPLOADED = ("/new?upload={upload}",)
# A table is read and checked for these, in a child: of an upload, and of a dataset version. By what they must hold,
# since a page that only says what is wrong is no look at a table.
READING = {
    "/new/statistics?upload={upload}&data.target=y": b"What would be trained",
    "/new/statistics?project={project}&data.version=d1": b"What would be trained",
}
LONG = ("/api/v1/jobs?limit=200", "/api/v1/jobs?limit=200&project={project}", "/api/v1/jobs?limit=200&state=queued")
# Of the run that works.
WORKING = ("/jobs/{run}", "/jobs/{run}/parts", "/api/v1/jobs/{run}", "/api/v1/jobs/{run}/points")
WORKS = " (works)"


def main() -> None:
    options = _options()
    result = results.Result("web_pages", options)
    for database, server in jobs_rows.databases(options.postgres):
        with tempfile.TemporaryDirectory() as folder, jobs_rows.workspace(server, Path(folder)) as (address, space):
            _measure(result, database, address, space, Path(folder), options)


def _measure(
    result: results.Result, database: str, address: str, space: Workspace, folder: Path, options: argparse.Namespace
) -> None:
    """Every row of one database."""
    counts = {"projects": options.projects, "runs": options.runs, "points": options.points}
    known = web_rows.filled(address, space, folder, **counts)
    with served(address) as server:
        if not result.has(f"first page, {database}"):
            size = (folder / "workspace" / "trainwright.db").stat().st_size / 1e6 if database == "SQLite" else None
            row = {
                "seconds": server.seconds,
                "mb": resident(server.pid),
                "versions": known.versions,
                "database_mb": size,
            }
            result.add(f"first page, {database}", {**row, **counts})
        upload = uploaded(server, folder / web_rows.TABLE)
        for name, path in addresses(known, upload).items():
            result.measured(f"{name}, {database}", asked, server, path, options.requests)
        for name, holds in READING.items():
            path = name.format(upload=upload, project=known.project)
            result.measured(f"{name}, {database}", asked, server, path, options.requests, holds)
        result.measured(f"a new point, {database}", live, space, server, known.working, options.requests)
        result.measured(f"memory, {database}", memory, server)


@dataclass(frozen=True)
class Server:
    """A server: its address, its process, and the seconds from its start to the first page."""

    address: str
    pid: int
    seconds: float

    def connect(self) -> http.client.HTTPConnection:
        """A connection that stays open, as a browser's does."""
        return http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=300)


@contextmanager
def served(workspace: str) -> Iterator[Server]:
    """Serves a workspace, without workers: they would claim the jobs that wait."""
    command = [sys.executable, "-m", "trainwright", "serve", "--port", "0", "--workers", "0", "--json"]
    before = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--workspace", workspace],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TRAINWRIGHT_TOKEN": TOKEN},
    )
    assert process.stdout is not None
    try:
        said = ""
        while not said.endswith("}\n"):
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the server ended: {said}")
            said += line
        address = json.loads(said)["address"].partition("/login")[0]
        get(Server(address, process.pid, 0.0).connect(), "/")
        yield Server(address, process.pid, time.perf_counter() - before)
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def uploaded(server: Server, table: Path) -> int:
    """The number of a table that was sent to the server."""
    connection = server.connect()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    connection.request("POST", f"/api/v1/uploads?name={table.name}", table.read_bytes(), headers)
    return int(json.loads(connection.getresponse().read())["id"])


def addresses(known: web_rows.Filled, upload: int | None) -> dict[str, str]:
    """Every page and REST address that only reads: its pattern, and itself with what the workspace holds."""
    from trainwright.web.app import create_app

    with tempfile.TemporaryDirectory() as folder:
        routes: list[Any] = list(create_app(open_workspace(Path(folder) / "w")).routes)
    values: dict[str, Any] = {"project": known.project, "version": known.version, "run": known.finished}
    values |= {"finished": known.finished} | ({} if upload is None else {"upload": upload})
    patterns = [re.sub(r":\w+}", "}", route.path) for route in routes if "GET" in route.methods]
    found = {}
    for pattern in sorted({*patterns, *PARTS, *LONG, *UPLOADED}):
        if pattern.endswith(LEFT_OUT):
            continue
        names = set(re.findall(r"{(\w+)}", pattern))
        if names <= {*values}:
            found[pattern] = pattern.format(**values)
    working = {f"{pattern}{WORKS}": pattern.format(run=known.working) for pattern in WORKING if pattern in patterns}
    return {**found, **working}


def get(connection: http.client.HTTPConnection, path: str) -> bytes:
    """What an address answers.

    Raises:
        results.NotMeasured: not with a page.
    """
    connection.request("GET", path, headers={"Authorization": f"Bearer {TOKEN}"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise results.NotMeasured(f"it answered {answer.status}")
    return content


def asked(server: Server, path: str, requests: int, holds: bytes = b"") -> dict[str, Any]:
    """The time of an address, asked for one request after the other.

    Raises:
        results.NotMeasured: its answer is none, or does not hold what it should.
    """
    took, size = [], 0
    connection = server.connect()
    for _ in range(requests + 1):
        before = time.perf_counter()
        content = get(connection, path)
        took.append(time.perf_counter() - before)
        if holds not in content:
            raise results.NotMeasured(f"its page lacks {holds.decode()!r}")
        size = len(content)
    connection.close()
    # The first one fills caches, and starts a child where one is needed.
    return {**_milliseconds(took[1:]), "first_ms": 1e3 * took[0], "kb": size / 1e3}


def live(space: Workspace, server: Server, run: int, times: int) -> dict[str, Any]:
    """From the commit of a point of a run that works to its arrival at a reader of the stream."""
    came, began = threading.Event(), threading.Event()

    def listen() -> None:
        connection = server.connect()
        connection.request("GET", f"/api/v1/jobs/{run}/stream", headers={"Authorization": f"Bearer {TOKEN}"})
        with connection.getresponse() as answer:
            for line in answer:
                if line.startswith(b"event: points"):
                    began.set()
                if b'"arrives"' in line:
                    came.set()

    threading.Thread(target=listen, daemon=True).start()
    took = []
    for number in range(times):
        _wait(began)
        time.sleep(0.37 + 0.013 * number)  # not in step with the server's looks
        came.clear()
        with write(space) as connection:
            attempt = connection.execute(select(tables.job.c.attempt).where(tables.job.c.run_id == run)).scalar_one()
            add_points(connection, run, attempt, [("arrives", number, 1.0)])
        before = time.perf_counter()
        _wait(came)
        took.append(time.perf_counter() - before)
    return _milliseconds(took)


def _wait(event: threading.Event) -> None:
    if not event.wait(60):
        raise results.NotMeasured("nothing came over the stream within a minute")


def memory(server: Server) -> dict[str, Any]:
    """What the server holds after all of this, and the children that load models, apart."""
    children = _children(server.pid)
    return {"mb": resident(server.pid), "children": len(children), "children_mb": sum(map(resident, children))}


def resident(pid: int) -> float:
    """Megabytes that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) * 1024 / 1e6


def _children(pid: int) -> list[int]:
    own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    tasks = [
        Path(f"/proc/{pid}/task/{task.name}/children").read_text().split()
        for task in Path(f"/proc/{pid}/task").iterdir()
    ]
    return sorted({int(child) for child in [*own, *(child for some in tasks for child in some)]})


def _milliseconds(seconds: list[float]) -> dict[str, float]:
    return {"ms": 1e3 * float(np.median(seconds)), "p95_ms": 1e3 * float(np.quantile(seconds, 0.95))}


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows: dict[str, dict[str, Any]] = result["rows"]
    databases = [key.split(", ")[1] for key in rows if key.startswith("first page, ")]
    first = rows[f"first page, {databases[0]}"]
    summary = [
        [database, *(rows.get(f"{key}, {database}", {}).get(name, NONE) for key, name in SUMMARY.values())]
        for database in databases
    ]
    patterns = list(dict.fromkeys(key.rpartition(", ")[0] for key in rows if key.startswith("/")))
    head = ["address", *(f"{database}: {words}" for database in databases for words in ("median ms", "95 %")), "kB"]

    def table(wanted: Callable[[str], bool]) -> str:
        lines = []
        for pattern in filter(wanted, patterns):
            found = [rows.get(f"{pattern}, {database}", {}) for database in databases]
            times = [row.get(name, NONE) for row in found for name in ("ms", "p95_ms")]
            lines.append([f"`{pattern}`", *times, found[0].get("kb", NONE)])
        return markdown.table(head, lines)

    return f"""## The server

A workspace with {first["projects"]} projects, {first["runs"]:,} runs and {first["points"]:,} points. The project in the
addresses has a third of the runs and {first["versions"]} versions; the run that works has a tenth of the points and a
log of {web_rows.LINES:,} epochs. Each address was asked for by one reader over a connection that stays open; the first
request, which fills caches, is left out. A new point's way goes from its commit to a reader of the run's stream.

{markdown.table(["database", *SUMMARY], summary)}

{_aims(rows)}

Pages:

{table(lambda pattern: not pattern.startswith("/api/") and pattern not in READING)}

{_looks(patterns, table)}

REST:

{table(lambda pattern: pattern.startswith("/api/"))}

{markdown.footer(result)}
"""


def _looks(patterns: list[str], table: Callable[[Callable[[str], bool]], str]) -> str:
    """The time of the pages that read and check a table."""
    if not any(pattern in READING for pattern in patterns):
        return "A look at a table, which reads and checks its rows: not measured."
    return f"""A look at a table of {web_rows.ROWS} rows reads and checks them in a child process; it stands apart:

{table(lambda pattern: pattern in READING)}"""


def _aims(rows: dict[str, dict[str, Any]]) -> str:
    """Which aims are met, on every database that was measured."""

    def found(start: str, name: str) -> list[float]:
        read = [key for key in rows if key.startswith(start) and key.rpartition(", ")[0] not in READING]
        return [rows[key][name] for key in read]

    def within(start: str, name: str, most: float) -> bool | None:
        return max(found(start, name)) <= most if found(start, name) else None

    told = [
        ("the first page within 2 s of the start", within("first page", "seconds", 2)),
        ("every address within 200 ms at the median, looks at a table apart", within("/", "ms", 200)),
        ("a new point on its way for less than a second", within("a new point", "ms", 1000)),
        ("the server process within 300 MB", within("memory", "mb", 300)),
    ]
    aims = "Aims: " + "; ".join(f"{what}: {markdown.aim(met)}" for what, met in told) + "."
    held = [_held(key, row) for key, row in rows.items() if key.startswith("memory, ")]
    return " ".join([aims, *held])


def _held(key: str, row: dict[str, Any]) -> str:
    """The memory of the server with that of its children, which the aim leaves out."""
    children, database = row["children"], key.partition(", ")[2]
    process = f"With {database}, the server process holds {row['mb']:.0f} MB"
    if not children:
        return f"{process}, and has no child process."
    those = "its child process" if children == 1 else f"its {children} child processes"
    return f"{process}; with {those} for heavy work {row['mb'] + row['children_mb']:.0f} MB."


NONE = "–"
# What the first table says of each database: the row, and the value in it.
SUMMARY = {
    "start to first page, s": ("first page", "seconds"),
    "memory then, MB": ("first page", "mb"),
    "memory after all of this, MB": ("memory", "mb"),
    "its children, MB": ("memory", "children_mb"),
    "a new point's way, median ms": ("a new point", "ms"),
    "95 %": ("a new point", "p95_ms"),
}


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--projects", type=int, default=30)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=30, help="for each address")
    parser.add_argument(
        "--postgres", default=os.environ.get("TRAINWRIGHT_POSTGRES"), help="a server: postgresql://USER@HOST/postgres"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
