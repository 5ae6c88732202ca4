"""Jobs whose workers, supervisors and trainers are killed and stopped at random moments: each effect exactly once.

    python bench/jobs_kill.py [--jobs 3000 --kills 200] [--function-jobs 20000 --function-kills 500] [--trainings 20]

Workers execute jobs that leave one mark each. Meanwhile a worker (and with it the supervisors of its jobs) or a trainer
is killed with SIGKILL at moments drawn by chance; besides, a worker is stopped with SIGSTOP for longer than its lease,
half of them with their trainers, and woken again when others have its jobs; or a trainer is stopped alone. First every
job is a process of its own, then a function in the worker. Afterwards every mark is counted. Then real trainings are
killed once each, trainer or worker in turn, at a moment drawn from the time that an undisturbed one takes, and their
packages are compared with the undisturbed one's, byte for byte. With `--postgres URL` the jobs run on PostgreSQL, too.
About 60 minutes on 2 cores for each database.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import jobs_chaos
import jobs_rows
import markdown
import numpy as np
import processes
import results
import tables

LEASE = 4.0
# Seconds without any progress after which what is left counts as stuck.
STUCK = 120.0
TABLE = "breast_cancer"


def main() -> None:
    options = _options()
    result = results.Result("jobs_kill", options)
    for name, address in jobs_rows.databases(options.postgres):
        for kind, jobs, kills in (
            ("child", options.jobs, options.kills),
            ("function", options.function_jobs, options.function_kills),
        ):
            result.measured(f"{kind}, {name}", survived, address, kind, jobs, kills, options)
    if options.trainings:
        result.measured("trainings", trainings, options)


def survived(address: str | None, kind: str, jobs: int, kills: int, options: argparse.Namespace) -> dict[str, Any]:
    """Executes so many jobs under so many kills; what became of each."""
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as folder, jobs_rows.workspace(address, Path(folder)) as (place, space):
        jobs_rows.queue_jobs(space, jobs, kind)
        stops = max(1, kills // 5)
        # Moments are counted in finished jobs, so that they lie all over the run however fast it is.
        harms = sorted(
            (float(at), kill) for kill, n in ((True, kills), (False, stops)) for at in rng.uniform(0, 0.97, n)
        )
        began = time.perf_counter()
        workers = jobs_chaos.Workers(place, options.workers, 2 if kind == "child" else 4, options.lease, rng)
        retried, last, last_at = 0, -1, time.monotonic()
        try:
            while True:
                workers.tick()
                done, failed = jobs_rows.ended(space)
                if harms and done >= harms[0][0] * jobs:
                    workers.harm(harms.pop(0)[1])
                    continue
                retried += jobs_rows.ask_again(space, failed)
                if done != last:
                    last, last_at = done, time.monotonic()
                if (done == jobs and workers.resting()) or time.monotonic() - last_at > options.stuck:
                    break
                time.sleep(0.02)
            seconds = time.perf_counter() - began
        finally:
            workers.close()
        time.sleep(1.0)
        found = jobs_rows.counted(space, jobs)
        orphans = {pid for name in (place, str(space.path)) for pid in jobs_chaos.at_work_on(name)}
    killed = workers.counts["workers_killed"] + workers.counts["trainers_killed"]
    row = {"jobs": jobs, "kills": killed, **workers.counts, **found, "asked_again": retried}
    return {**row, "orphans": len(orphans), "seconds": round(seconds, 1)}


def trainings(options: argparse.Namespace) -> dict[str, Any]:
    """Kills real trainings at random moments; how many end as the undisturbed one."""
    rng = np.random.default_rng(options.seed)
    with tempfile.TemporaryDirectory() as root:
        expected, seconds, _ = _trained(Path(root) / "undisturbed", None, rng, options)
        same, attempts, moments = 0, [], []
        for number in range(options.trainings):
            moment = float(rng.uniform(0.0, seconds))
            sha, _, tried = _trained(Path(root) / f"t{number}", (moment, number % 2 == 0), rng, options)
            same += sha == expected
            attempts.append(tried)
            moments.append(round(moment, 2))
    found = {"trainings": options.trainings, "same": same, "attempts": attempts, "moments_s": moments}
    return {**found, "undisturbed_s": round(seconds, 1)}


def _trained(
    folder: Path, kill: tuple[float, bool] | None, rng: np.random.Generator, options: argparse.Namespace
) -> tuple[str, float, int]:
    """A training from the queue: its package's SHA-256, the seconds from the start of the worker to its end, and its
    attempts.

    Args:
        kill: seconds after the training's process began, and whether that or the worker is killed; None for neither.
    """
    folder.mkdir(parents=True)
    table = tables.write(TABLE, options.data, folder)
    place = folder / "workspace"
    words = ["train", str(table), "--target", tables.TABLES[TABLE].target, "--families", "linear,forest", "--queue"]
    command = processes.trainwright(*words, "--time-limit", "20m", "--project", "kills", "--workspace", str(place))
    processes.run(command, cwd=folder)
    began = time.perf_counter()
    workers = jobs_chaos.Workers(str(place), 1, 1, options.lease, rng)
    space = jobs_rows.opened(str(place))
    try:
        if kill is not None:
            worker = workers.pids()[0]
            trainer = _first_child(worker)
            time.sleep(kill[0])
            jobs_chaos.end(trainer if kill[1] else worker, signal.SIGKILL)
        while jobs_rows.ended(space) == (0, []):
            workers.tick()
            time.sleep(0.05)
        seconds = time.perf_counter() - began
    finally:
        workers.close()
    return jobs_rows.package(space), seconds, jobs_rows.attempts(space)


def _first_child(worker: int) -> int:
    while not (found := jobs_chaos.children(worker)):
        time.sleep(0.01)
    return found[0]


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    words = {"child": "a process for each job", "function": "a function in the worker"}
    rows, real = [], ""
    for key, row in result["rows"].items():
        if key == "trainings":
            real = (
                f"\n\nReal trainings, each killed once at a random moment (undisturbed: {row['undisturbed_s']:g} s): "
                f"{row['same']} of {row['trainings']} ended with the package of the undisturbed one, byte for byte, "
                f"after {max(row['attempts'])} attempts at most."
            )
            continue
        kind, name = key.split(", ")
        stopped = row["workers_stopped"] + row["both_stopped"]
        hung = row.get("trainers_stopped", 0)
        rows.append(
            [words[kind], name, row["jobs"], row["workers_killed"], row["trainers_killed"], stopped, hung]
            + [row["exactly_once"], row["twice"], row["without"], row["stuck"], row["orphans"]]
            + [row["attempts_lost"], row["asked_again"], row["jobs"] / row["seconds"]]
        )
    head = ["body", "database", "jobs", "workers killed", "trainers killed", "stopped and woken"]
    head += ["trainers stopped alone", "effect exactly once"]
    head += ["twice", "none", "stuck", "orphans", "attempts lost", "failed after four", "jobs a second"]
    return f"""## Jobs that are killed

Workers (each the supervisor of its jobs) and trainers killed with SIGKILL at random moments while jobs are executed,
workers stopped for longer than their lease and woken when others have their jobs, and trainers stopped alone, which
their workers end. Every job must leave its effect
exactly once.

{markdown.table(head, rows)}{real}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--jobs", type=int, default=3000, help="a process each")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--function-jobs", type=int, default=20_000, help="a function each")
    parser.add_argument("--function-kills", type=int, default=500)
    parser.add_argument("--trainings", type=int, default=20)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--lease", type=float, default=LEASE, help="seconds")
    parser.add_argument("--stuck", type=float, default=STUCK, help="seconds without progress")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument(
        "--postgres", default=os.environ.get("TRAINWRIGHT_POSTGRES"), help="a server: postgresql://USER@HOST/postgres"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
