"""The server with much to show: time of every page, of a new point on its way, of the first page, and its memory.

    python bench/web_pages.py [--runs 1000] [--points 1000000] [--requests 20]

A small table is trained on once; the run's rows and documents are then copied until the workspace holds so many runs
and points, a tenth of the points in one run. `trainwright serve` runs as its own process, and every page and REST
address that takes a project, a version or a run is asked for. About 5 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import markdown
import numpy as np
import results
from sqlalchemy import insert, select

from trainwright.store import tables
from trainwright.store.events import add_points
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace

TOKEN = "a-token-of-this-benchmark"
# Of the points, the share that the newest run has.
LONGEST = 0.1
SERIES = 5
# Rows of one statement.
BATCH = 10_000
# Not asked for: a stream has no end, an export and a package are files.
LEFT_OUT = ("stream", "export", "package", "static")


def main() -> None:
    options = _options()
    result = results.Result("web_pages", options)
    with tempfile.TemporaryDirectory() as folder:
        workspace = filled(Path(folder) / "workspace", options.runs, options.points)
        with served(workspace) as (address, seconds, pid):
            if not result.has("first page"):
                result.add("first page", {"seconds": seconds, "runs": options.runs, "points": options.points})
            for path in addresses(options.runs):
                result.measured(path, asked, address + path, options.requests)
            result.measured("a new point", live, workspace, address, options.runs, options.requests)
            if not result.has("memory"):
                result.add("memory", {"mb": resident(pid)})


def filled(place: Path, runs: int, points: int) -> Workspace:
    """A workspace with one trained run, copied until there are so many, and so many points."""
    table = place.parent / "measured.csv"
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4)).round(3)
    label = np.where(x.sum(axis=1) + rng.normal(size=300) > 0, "yes", "no")
    lines = ["a,b,c,d,y", *(",".join([*map(str, row), str(name)]) for row, name in zip(x, label))]
    table.write_text("\n".join(lines))
    words = ["train", str(table), "--target", "y", "--families", "linear", "--time-limit", "60s"]
    command = [sys.executable, "-m", "trainwright", *words, "--workspace", str(place), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    space = open_workspace(place)
    results.say(f"copying the run {runs - 1} times")
    for start in range(2, runs + 1, 50):
        with write(space) as connection:
            for number in range(start, min(start + 50, runs + 1)):
                _copy(connection, number)
    each = int(points * (1 - LONGEST)) // max(1, runs - 1)
    for number in range(1, runs + 1):
        _points(space, number, each if number < runs else points - each * (runs - 1))
    return space


def _copy(connection: Any, number: int) -> None:
    """Run 1 again under a number, finished an hour after the one before."""
    later = 3600.0 * (number - 1)
    run = dict(connection.execute(select(tables.run).where(tables.run.c.id == 1)).one()._mapping)
    connection.execute(tables.run.insert().values({**run, "id": number, "created": run["created"] + later}))
    for table in (tables.job, tables.attempt, tables.event, tables.trial, tables.finding, tables.evaluation):
        rows = connection.execute(select(table).where(table.c.run_id == 1)).mappings().all()
        for row in rows:
            copied = {key: value for key, value in row.items() if key not in ("id", "key")}
            connection.execute(table.insert().values({**copied, "run_id": number}))


def _points(space: Workspace, run: int, number: int) -> None:
    """So many points of a run, spread over a few curves."""
    for start in range(0, number, BATCH):
        rows = [
            {
                "run_id": run,
                "attempt": 1,
                "seq": seq + 1,
                "name": f"net/curve {seq % SERIES}",
                "step": float(seq // SERIES),
                "value": 1.0 / (1 + seq),
                "at": time.time(),
            }
            for seq in range(start, min(start + BATCH, number))
        ]
        with write(space) as connection:
            connection.execute(insert(tables.metric_point), rows)


@contextmanager
def served(space: Workspace) -> Iterator[tuple[str, float, int]]:
    """A server: its address, the seconds from its start to the first page, and its process."""
    command = [sys.executable, "-m", "trainwright", "serve", "--port", "0", "--workers", "0", "--json"]
    before = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--workspace", str(space.path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TRAINWRIGHT_TOKEN": TOKEN},
    )
    assert process.stdout is not None
    try:
        said = ""
        while not said.endswith("}\n"):
            said += process.stdout.readline()
        address = json.loads(said)["address"].partition("/login")[0]
        get(f"{address}/")
        yield address, time.perf_counter() - before, process.pid
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def addresses(runs: int) -> list[str]:
    """Every page and REST address that only reads, with the newest run and the one project in its names."""
    from trainwright.web.app import create_app

    with tempfile.TemporaryDirectory() as folder:
        routes = create_app(open_workspace(Path(folder) / "w")).routes
    values = {"project": "measured", "version": "v1", "run": str(runs), "decision": "d1"}
    found = []
    for route in routes:
        names = re.findall(r"{(\w+)", route.path)  # type: ignore[attr-defined]
        methods = route.methods  # type: ignore[attr-defined]
        if "GET" not in methods or not set(names) <= set(values) or any(word in route.path for word in LEFT_OUT):  # type: ignore[attr-defined]
            continue
        found.append(re.sub(r"{(\w+)(:\w+)?}", lambda match: values[match[1]], route.path))  # type: ignore[attr-defined]
    return sorted(path for path in set(found) if path not in ("/login",))


def get(address: str) -> bytes:
    """What an address answers."""
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request) as answer:
        content: bytes = answer.read()
    return content


def asked(address: str, requests: int) -> dict[str, Any]:
    """The time of an address, asked for one request after the other."""
    took, size = [], 0
    try:
        for _ in range(requests + 1):
            before = time.perf_counter()
            size = len(get(address))
            took.append(time.perf_counter() - before)
    except urllib.error.HTTPError as error:
        raise results.NotMeasured(f"it answered {error.code}") from error
    took = took[1:]  # the first one fills caches, and starts a child where one is needed
    return {"ms": 1e3 * float(np.median(took)), "p95_ms": 1e3 * float(np.quantile(took, 0.95)), "kb": size / 1e3}


def live(space: Workspace, address: str, run: int, times: int) -> dict[str, Any]:
    """From the commit of a point to its arrival at a reader of the stream."""
    with write(space) as connection:
        connection.execute(tables.job.update().where(tables.job.c.run_id == run).values(state="training"))
    came = threading.Event()
    began = threading.Event()

    def listen() -> None:
        request = urllib.request.Request(
            f"{address}/api/v1/jobs/{run}/stream", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        with urllib.request.urlopen(request) as answer:
            for line in answer:
                if b"event: points" in line:
                    began.set()
                if b'"arrives"' in line:
                    came.set()

    threading.Thread(target=listen, daemon=True).start()
    began.wait()
    took = []
    for number in range(times):
        time.sleep(0.37 + 0.013 * number)  # not in step with the server's looks
        came.clear()
        with write(space) as connection:
            add_points(connection, run, 1, [("arrives", number, 1.0)])
        before = time.perf_counter()
        came.wait()
        took.append(time.perf_counter() - before)
    with read(space) as connection:
        known = connection.execute(select(tables.job.c.state).where(tables.job.c.run_id == run)).scalar()
    return {"ms": 1e3 * float(np.median(took)), "p95_ms": 1e3 * float(np.quantile(took, 0.95)), "state": known}


def resident(pid: int) -> float:
    """Megabytes that a process holds."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1e3


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = result["rows"]
    first, memory = rows["first page"], rows["memory"]
    pages = {key: row for key, row in rows.items() if key.startswith("/")}
    shown = [[key, row["ms"], row["p95_ms"], row["kb"]] for key, row in pages.items() if not key.startswith("/api/")]
    rest = [[key, row["ms"], row["p95_ms"], row["kb"]] for key, row in pages.items() if key.startswith("/api/")]
    point = rows.get("a new point")
    arrives = "" if point is None else f" A new point reaches a reader {point['ms']:.0f} ms after its commit (median)."
    head = ["address", "median ms", "95 %", "kB"]
    return f"""## The server

A workspace with {first["runs"]:,} runs and {first["points"]:,} points, a tenth of them in the run that is shown. The
first page is there {first["seconds"]:.1f} s after `trainwright serve` was called. Each address was asked for by one
reader; the first request, which fills caches, is left out. After all of this the server holds
{memory["mb"]:.0f} MB.{arrives}

{markdown.table(head, shown)}

{markdown.table(head, rest)}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=20, help="for each address")
    return parser.parse_args()


if __name__ == "__main__":
    main()
