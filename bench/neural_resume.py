"""Trainings killed at random moments go on to the same weights, bit by bit; memory that runs out changes nothing.

    python bench/neural_resume.py [--kills 20]

An MLP with dropout learns for some thousand steps with a checkpoint every 25. A process that trains it is killed
(SIGKILL) at a moment drawn at random between its first and its last step, then started again until it ends; its weights
are compared with those of a training that nobody disturbed. In the second part memory runs out (the error of a GPU,
raised within the loss) at a random step: the engine takes that batch again in halves. The weights at the end are
compared bit by bit with those of a training that was told to take halves from that very step on, and, in double
precision and without dropout, with one that took halves from its first step: sums in another order differ in their last
digit, which thousands of steps in single precision would make much of. About 10 minutes on 2 cores.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import results

ROWS, BATCH, EVERY = 3_200, 32, 25
SAME = 1e-5  # tolerance between sums in another order


def main() -> None:
    options = _options()
    if options.child is not None:
        train(options)
        return
    result = results.Result("neural_resume", options)
    result.measured("killed", killed, options)
    result.measured("out of memory", full, options)


def train(options: argparse.Namespace) -> None:
    """One training, as a process of its own; prints a line when its steps begin and one when they end."""
    import torch
    from safetensors.torch import save_file
    from torch import nn
    from torch.nn.functional import cross_entropy

    from trainwright.engine import loop
    from trainwright.engine.batches import Held
    from trainwright.engine.learner import groups
    from trainwright.engine.randomness import alone
    from trainwright.engine.settings import EngineSettings

    torch.set_num_threads(1)
    # Halves of a batch have other draws than the whole one: dropout would make them another training.
    dropout, kind = (0.0, torch.float64) if options.double else (0.2, torch.float32)
    with alone(0):
        module = nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Dropout(dropout), nn.Linear(128, 10)).to(kind)
    draw = torch.Generator().manual_seed(0)
    rows = Held(x=torch.randn(ROWS, 30, generator=draw).to(kind), y=torch.randint(10, (ROWS,), generator=draw))
    steps = 0

    class Learner:
        def __init__(self) -> None:
            self.module = module

        def loss(self, batch: Any) -> tuple[Any, float]:
            nonlocal steps
            if torch.is_grad_enabled() and len(batch["y"]) in (BATCH, BATCH // 2):
                steps += len(batch["y"]) == BATCH
                if steps == options.full and len(batch["y"]) == BATCH:
                    raise torch.OutOfMemoryError("CUDA out of memory (as if)")
                if steps == 1:
                    print("begins", flush=True)
            return cross_entropy(module(batch["x"]), batch["y"], reduction="sum"), float(len(batch["y"]))

        def predict(self, batch: Any) -> Any:
            return module(batch["x"])

        def parameter_groups(self, settings: EngineSettings) -> Any:
            return groups(module)

    class Halves(loop.Step):
        """Takes a batch in halves from a step on, because it was told to."""

        def __call__(self, batch: Any, *, look: bool = False) -> tuple[float, float, float | None]:
            if options.halves is not None and self._run.state["step"] + 1 >= options.halves:
                self._run.state["micro"] = BATCH // 2
            return super().__call__(batch, look=look)

    loop.Step = Halves  # type: ignore[misc]
    settings = EngineSettings(
        epochs=options.epochs, batch_size=BATCH, checkpoint_steps=EVERY, device="cpu", precision="fp32"
    )
    fitted = loop.fit(Learner(), rows, settings, checkpoints=options.child)
    print("ends", [event["text"] for event in fitted.events], flush=True)
    save_file(module.state_dict(), options.out)


def killed(options: argparse.Namespace) -> dict[str, Any]:
    """How many killed trainings ended as the undisturbed one did."""
    from trainwright.engine.checkpoint import listed

    draw, total = random.Random(options.seed), options.epochs * ROWS // BATCH
    with TemporaryDirectory() as place:
        folder = Path(place)
        seconds = _undisturbed(folder, options)
        equal, tried, started, at = 0, 0, 0, []
        while tried < options.kills:
            started += 1
            checkpoints = folder / f"killed{started}"
            if not _kill(checkpoints, folder / "w", draw.uniform(0, seconds), options):
                continue  # it was quicker than the kill
            reached = max((found.step for found in listed(checkpoints)), default=0)
            if reached == total:
                continue
            tried += 1
            at.append(reached)
            _run(checkpoints, folder / "w", options)
            equal += (folder / "w").read_bytes() == (folder / "whole").read_bytes()
            (folder / "w").unlink()
            results.say(f"kill {tried}: went on after step {at[-1]}; {equal} of {tried} equal")
    return {"kills": tried, "equal": equal, "steps": total, "went_on_after": sorted(at), "every": EVERY}


def full(options: argparse.Namespace) -> dict[str, Any]:
    """Weights of trainings whose memory ran out against those of trainings that took halves by themselves."""
    from safetensors.torch import load_file

    draw = random.Random(options.seed)
    total = options.epochs * ROWS // BATCH
    steps = sorted(draw.randrange(2, total) for _ in range(options.full_runs))
    equal, differences = 0, []
    with TemporaryDirectory() as place:
        folder = Path(place)
        _run(folder / "first", folder / "from first", options, "--double", "--halves", "1")
        expected = load_file(folder / "from first")
        for step in steps:
            _run(folder / f"told{step}", folder / "told", options, "--halves", str(step))
            _run_out(folder / f"full{step}", folder / "w", options, step)
            equal += (folder / "w").read_bytes() == (folder / "told").read_bytes()
            _run_out(folder / f"double{step}", folder / "w", options, step, "--double")
            found = load_file(folder / "w")
            differences.append(max(float((found[name] - expected[name]).abs().max()) for name in expected))
            results.say(f"out of memory at step {step}: {equal} equal, difference {differences[-1]:.1e}")
    return {"runs": len(steps), "at": steps, "equal": equal, "difference": max(differences), "tolerance": SAME,
            "steps": total}  # fmt: skip


def _run_out(checkpoints: Path, out: Path, options: argparse.Namespace, step: int, *more: str) -> None:
    said = _run(checkpoints, out, options, "--full", str(step), *more)
    if "memory ran out" not in said:
        raise RuntimeError(f"memory did not run out at step {step}: {said}")


def _undisturbed(folder: Path, options: argparse.Namespace) -> float:
    """Trains without being disturbed; seconds between its first and its last step."""
    process = _start(folder / "undisturbed", folder / "whole", options)
    assert process.stdout is not None
    begun = None
    for line in process.stdout:
        if line.startswith("begins"):
            begun = time.perf_counter()
        if line.startswith("ends") and begun is not None:
            seconds = time.perf_counter() - begun
    if process.wait() or begun is None:
        raise RuntimeError("the undisturbed training failed")
    return seconds


def _kill(checkpoints: Path, out: Path, after: float, options: argparse.Namespace) -> bool:
    """Starts a training and kills it so many seconds after its first step; False where it had ended."""
    process = _start(checkpoints, out, options)
    assert process.stdout is not None
    while not process.stdout.readline().startswith("begins"):
        if process.poll() is not None:
            raise RuntimeError("the training ended before its first step")
    time.sleep(after)
    if out.exists():
        process.wait()
        out.unlink(missing_ok=True)
        return False
    process.kill()
    process.wait()
    if out.exists():
        out.unlink()
        return False
    return True


def _run(checkpoints: Path, out: Path, options: argparse.Namespace, *more: str) -> str:
    process = _start(checkpoints, out, options, *more)
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the training ended with status {process.returncode}")
    return said


def _start(checkpoints: Path, out: Path, options: argparse.Namespace, *more: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        __file__,
        "--child",
        str(checkpoints),
        "--out",
        str(out),
        "--epochs",
        str(options.epochs),
    ]
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*command, "--epochs", str(options.epochs), *more], stdout=subprocess.PIPE, text=True, env=variables
    )


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = result["rows"]
    lines = []
    if "killed" in rows:
        row = rows["killed"]
        met = markdown.aim(row["equal"] == row["kills"])
        lines.append(
            f"- **Killed** (SIGKILL) at {row['kills']} random moments of a training of {row['steps']:,} steps with a "
            f"checkpoint every {row['every']}: {row['equal']} ended with the same weights, bit by bit: {met}."
        )
    if "out of memory" in rows:
        row = rows["out of memory"]
        met = markdown.aim(row["equal"] == row["runs"] and row["difference"] <= row["tolerance"])
        lines.append(
            f"- **Out of memory** at {row['runs']} random steps: {row['equal']} ended with the same weights, bit by "
            "bit, as a training that was told to take halves from that step on; in double precision they differ by at "
            f"most {row['difference']:.1e} from one that took halves from its first step (tolerance "
            f"{row['tolerance']:.0e}): "
            f"{met}."
        )
    shown = "\n".join(lines)
    return f"""## Trainings that are killed or run out of memory

{shown}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--full-runs", type=int, default=5, help="trainings whose memory runs out")
    parser.add_argument("--epochs", type=int, default=40, help="of 100 steps each")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--full", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--halves", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--double", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
