"""A search that is killed again and again, and one that two processes share: no trial lost, none counted twice.

    python bench/search_kill.py [--kills 20]

The search of a small table runs as `trainwright tune ... --no-train` in its own process. It is killed with SIGKILL
at a moment drawn by chance and gone on with by `--resume`, `--kills` times in all; then it runs to its end.
Afterwards every number is there once, every trial is finished once, finished trials kept the scores that they had when
a kill came, and the settings are those of a search that nobody disturbed. Then two processes run the same search at the
same time. About 6 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import numpy as np
import processes
import results
import tables

SPACE = {"linear": {"C": {"low": 1e-4, "high": 100.0, "log": True}, "penalty": ["l2", "l1", "elasticnet"]}}
TABLE = "breast_cancer"


def main() -> None:
    options = _options()
    result = results.Result("search_kill", options)
    wanted = [key for key in ("killed", "shared") if not result.has(key)]
    if not wanted:
        return
    with TemporaryDirectory() as root:
        folder = Path(root)
        place = _prepared(folder / "undisturbed", options)
        options.longest = max(options.longest, 2 * _until_first_trial(place, options))
        undisturbed = _trials(place)
        for key in wanted:
            place = _prepared(folder / key, options)
            found = killed(place, options) if key == "killed" else shared(place, options)
            result.add(key, {**found, **_judged(_trials(place), undisturbed, options)})


def killed(place: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Kills the search at moments drawn by chance; whether what was finished before a kill stayed as it was."""
    rng = np.random.default_rng(options.seed)
    kills = changed = 0
    moments: list[float] = []
    process = _started(place, options)
    while kills < options.kills:
        moment = float(rng.uniform(0.3, options.longest))
        try:
            process.wait(timeout=moment)
            break  # it came to its end before the next kill
        except subprocess.TimeoutExpired:
            pass
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        kills += 1
        moments.append(round(moment, 2))
        before = _finished(place)
        process = _started(place, options, resume=_begun(place))
        time.sleep(0.2)
        changed += any(_finished(place).get(number) != scores for number, scores in before.items())
    _ended(process)
    return {"kills": kills, "moments_s": moments, "changed": changed}


def shared(place: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Two processes on one search: the second joins as soon as the first has begun it."""
    first = _started(place, options)
    while not _begun(place):
        time.sleep(0.05)
    second = _started(place, options, number=1)
    for process in (first, second):
        _ended(process)
    owners = {str(trial["owner"]) for trial in _trials(place)}
    return {"kills": 0, "moments_s": [], "changed": 0, "processes": len(owners)}


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    words = {"killed": "killed and resumed", "shared": "shared by two processes"}
    rows = [
        [
            words.get(key, key),
            row["kills"],
            row.get("processes", 1),
            row["trials"],
            row["lost"],
            row["twice"],
            row["changed"],
            markdown.yes(row["same_settings"]),
            row["begun_again"],
        ]
        for key, row in result["rows"].items()
    ]
    head = ["search", "kills", "processes", "trials", "lost", "counted twice", "changed afterwards"]
    head += ["same settings as undisturbed", "begun again"]
    return f"""## Searches that are killed

A search killed with SIGKILL at random moments and resumed each time, and one that two processes share. Lost are numbers
without a finished trial; counted twice are numbers or settings that are there more than once.

{markdown.table(head, rows)}

{markdown.footer(result)}
"""


def _prepared(folder: Path, options: argparse.Namespace) -> Path:
    """A workspace with one short training, whose split the search uses."""
    folder.mkdir(parents=True)
    table = tables.write(TABLE, options.data, folder)
    (folder / "space.json").write_text(json.dumps(SPACE))  # JSON is YAML
    place = folder / "workspace"
    more = ("--families", "linear", "--project", "kills")
    processes.train(table, tables.TABLES[TABLE].target, workspace=place, limit=20.0, more=more)
    return place


def _started(
    place: Path, options: argparse.Namespace, *, resume: bool = False, number: int | None = None
) -> subprocess.Popen[bytes]:
    words = ["--trials", str(options.trials), "--no-train", "--workspace", str(place)]
    if resume or number is not None:
        words += ["--resume"] if number is None else ["--search", str(number)]
    else:
        words += ["--method", "random", "--no-prune", "--space", str(place.parent / "space.json"), "--seed", "7"]
    command = processes.trainwright("tune", "kills", *words)
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _until_first_trial(place: Path, options: argparse.Namespace) -> float:
    """Runs the search undisturbed; seconds from its start to its first finished trial. Kills that all came before it
    would show nothing, and a trial that its process never survives is given up after a few times."""
    before = time.perf_counter()
    process = _started(place, options)
    while process.poll() is None and not (_begun(place) and _finished(place)):
        time.sleep(0.05)
    seconds = time.perf_counter() - before
    _ended(process)
    return seconds


def _ended(process: subprocess.Popen[bytes]) -> None:
    process.wait(timeout=600)


def _begun(place: Path) -> bool:
    """Whether the search has its row."""
    return bool(_rows(place, "SELECT id FROM search"))


def _trials(place: Path) -> list[dict[str, Any]]:
    """The rows of the workspace's trials of searches, by number."""
    return _rows(place, "SELECT * FROM search_trial ORDER BY number, id")


def _rows(place: Path, query: str) -> list[dict[str, Any]]:
    import sqlite3

    connection = sqlite3.connect(place / "trainwright.db", timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in connection.execute(query).fetchall()]
    finally:
        connection.close()


def _finished(place: Path) -> dict[int, str]:
    return {trial["number"]: trial["scores"] for trial in _trials(place) if trial["state"] == "completed"}


def _judged(
    trials: list[dict[str, Any]], undisturbed: list[dict[str, Any]], options: argparse.Namespace
) -> dict[str, Any]:
    """What became of the trials."""
    numbers = [trial["number"] for trial in trials]
    done = [trial for trial in trials if trial["state"] in ("completed", "pruned", "failed")]
    settings = [trial["settings"] for trial in trials]
    again = sum(json.loads(trial["details"] or "{}").get("begun", 1) - 1 for trial in trials)
    return {
        "trials": len(trials),
        "lost": options.trials - len({trial["number"] for trial in done}),
        "twice": len(numbers) - len(set(numbers)) + len(settings) - len(set(settings)),
        "same_settings": settings == [trial["settings"] for trial in undisturbed],
        "begun_again": again,
    }


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--trials", type=int, default=450)
    parser.add_argument("--longest", type=float, default=4.0, help="seconds after which a kill comes at the latest")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    return parser.parse_args()


if __name__ == "__main__":
    main()
