"""What the queue itself takes: the time of a claim and of a sign of life, and empty jobs a second.

    python bench/jobs_speed.py [--waiting 100,10000] [--jobs 1000] [--children 100]

Claims and signs of life are timed one by one while so many jobs wait. Then one worker with four slots executes empty
jobs: as functions of its own, and as processes, whose start takes nearly all of the time. `--postgres URL` measures
PostgreSQL, too. About 5 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import jobs_body
import jobs_rows
import markdown
import numpy as np
import results

from trainwright.jobs import queue
from trainwright.jobs.queue import Slots
from trainwright.jobs.supervise import Pace
from trainwright.jobs.worker import Rhythm, Worker

# Claims timed for each number of waiting jobs.
CLAIMS = 200
SLOTS = 4


def main() -> None:
    options = _options()
    result = results.Result("jobs_speed", options)
    for name, address in jobs_rows.databases(options.postgres):
        for waiting in options.waiting:
            result.measured(f"claim, {int(waiting)} waiting, {name}", claims, address, int(waiting))
        result.measured(f"function, {name}", executed, address, "function", options.jobs)
        result.measured(f"child, {name}", executed, address, "child", options.children)


def claims(address: str | None, waiting: int) -> dict[str, Any]:
    """The time of claims and of signs of life while so many jobs wait."""
    with tempfile.TemporaryDirectory() as folder, jobs_rows.workspace(address, Path(folder)) as (_, space):
        jobs_rows.queue_jobs(space, waiting + CLAIMS, "claimed")
        took, renewed = [], []
        for _ in range(CLAIMS):
            before = time.perf_counter()
            claim = queue.claim(space, "w", Slots(cpu=1), bodies=["claimed"])
            took.append(time.perf_counter() - before)
            assert claim is not None
            before = time.perf_counter()
            queue.renew(space, claim)
            renewed.append(time.perf_counter() - before)
    return {**_milliseconds("claim", took), **_milliseconds("renew", renewed)}


def executed(address: str | None, body: str, jobs: int) -> dict[str, Any]:
    """How many empty jobs a worker gets through in a second."""
    if body == "child":
        os.environ["PYTHONPATH"] = jobs_rows.python_path()
    with tempfile.TemporaryDirectory() as folder, jobs_rows.workspace(address, Path(folder)) as (_, space):
        jobs_rows.queue_jobs(space, jobs, body)
        worker = Worker(
            space,
            Slots(cpu=SLOTS),
            bodies={"function": jobs_body.empty, "child": "jobs_body"},
            pace=Pace(poll=0.002),
            rhythm=Rhythm(claim=0.01),
        )
        before = time.perf_counter()
        done = worker.run(once=True)
        seconds = time.perf_counter() - before
        found = jobs_rows.counted(space, jobs)
    return {"jobs": done, "seconds": seconds, "a_second": done / seconds, "exactly_once": found["exactly_once"]}


def _milliseconds(name: str, seconds: list[float]) -> dict[str, float]:
    return {f"{name}_ms": 1e3 * float(np.median(seconds)), f"{name}_p95_ms": 1e3 * float(np.quantile(seconds, 0.95))}


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    claimed, done = [], []
    words = {"function": "a function in the worker", "child": "a process for each job"}
    for key, row in result["rows"].items():
        parts = key.split(", ")
        if parts[0] == "claim":
            times = [row[name] for name in ("claim_ms", "claim_p95_ms", "renew_ms", "renew_p95_ms")]
            claimed.append([parts[2], int(parts[1].split()[0]), *times])
        else:
            done.append([parts[1], words[parts[0]], row["jobs"], row["exactly_once"], row["a_second"]])
    head = ["database", "jobs waiting", "claim, median ms", "95 %", "sign of life, median ms", "95 %"]
    return f"""## Time of the queue

Each claim and each sign of life is a transaction of its own, as safe on the disk as any. Below, one worker with {SLOTS}
slots executes empty jobs; a real training's process takes longer to start than all of this.

{markdown.table(head, claimed)}

{markdown.table(["database", "body", "jobs", "effect exactly once", "jobs a second"], done)}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--waiting", type=results.numbers, default=[100.0, 10_000.0], help="jobs that wait meanwhile")
    parser.add_argument("--jobs", type=int, default=1000, help="functions")
    parser.add_argument("--children", type=int, default=100, help="processes")
    parser.add_argument(
        "--postgres", default=os.environ.get("TRAINWRIGHT_POSTGRES"), help="a server: postgresql://USER@HOST/postgres"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
