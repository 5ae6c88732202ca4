"""Two processes started by torchrun against one with the doubled batch: the same weights, and how long a step takes.

    python bench/neural_ddp.py [--tasks table,texts]

Gloo on the processor, one thread per process. The rows have weights or different numbers of tokens, the last batch is
short, and gradients are clipped; validation rows choose the best epoch. About 2 minutes on 2 cores; on one machine with
two cores two processes are no faster than one: what is shown is that they do the same.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import markdown
import results

TASKS = {"table": "MLP on weighted rows", "texts": "word vectors on texts of 1 to 40 words"}
SAME = 1e-4


def main() -> None:
    options = _options()
    if options.child is not None:
        child(options)
        return
    result = results.Result("neural_ddp", options)
    for name in options.tasks:
        result.measured(name, measure, name, options)


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Both trainings, and how far they are apart."""
    from safetensors.torch import load_file

    with TemporaryDirectory() as place:
        one = _start(name, 1, Path(place) / "one", options)
        two = _start(name, 2, Path(place) / "two", options)
        weights = [load_file(Path(place) / f"{run}.safetensors") for run in ("one", "two")]
    difference = max(float((weights[0][key] - weights[1][key]).abs().max()) for key in weights[0])
    losses = max(abs(a - b) for a, b in zip(one["losses"], two["losses"], strict=True))
    return {
        "title": TASKS[name], "weights": difference, "losses": losses, "tolerance": SAME, "steps": one["steps"],
        "same_best": one["best"] == two["best"], "one_us": one["us"], "two_us": two["us"],
    }  # fmt: skip


def child(options: argparse.Namespace) -> None:
    """One process of a training: `--child OUT`."""
    import torch
    from safetensors.torch import save_file
    from torch import Tensor, nn
    from torch.nn.functional import cross_entropy

    from trainwright.engine import distributed
    from trainwright.engine.batches import Held, Ragged
    from trainwright.engine.learner import groups
    from trainwright.engine.loop import fit
    from trainwright.engine.randomness import alone
    from trainwright.engine.settings import EngineSettings

    torch.set_num_threads(1)
    draw = torch.Generator().manual_seed(0)

    def table(n: int) -> Held:
        x = torch.randn(n, 30, generator=draw)
        return Held(x=x, y=(x[:, :10].argmax(1)), weight=torch.rand(n, generator=draw) + 0.5)

    def texts(n: int) -> Ragged:
        lengths = torch.randint(1, 40, (n,), generator=draw).tolist()
        tokens = [torch.randint(1, 500, (length,), generator=draw).tolist() for length in lengths]
        return Ragged(tokens, pad=0, y=torch.tensor([row[0] % 10 for row in tokens]))

    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.vectors, self.out = nn.Embedding(500, 32), nn.Linear(32, 10)

        def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
            return self.out((self.vectors(ids) * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True))

    class Learner:
        def __init__(self) -> None:
            with alone(0):
                self.module = (
                    nn.Sequential(nn.Linear(30, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
                    if options.task == "table"
                    else Words()
                )

        def predict(self, batch: Any) -> Tensor:
            return self.module(batch["x"]) if "x" in batch else self.module(batch["ids"], batch["mask"])

        def loss(self, batch: Any) -> tuple[Tensor, Tensor]:
            losses = cross_entropy(self.predict(batch), batch["y"], reduction="none")
            weight = batch["weight"] if "weight" in batch else batch["mask"].sum(1).float()
            return (losses * weight).sum(), weight.sum()

        def parameter_groups(self, settings: EngineSettings) -> Any:
            return groups(self.module)

    make = table if options.task == "table" else texts
    data, validation = make(options.rows), make(501)
    with distributed.joined("cpu") as runtime:
        settings = EngineSettings(
            epochs=options.epochs, batch_size=64 // runtime.world, learning_rate=3e-3, gradient_clip=1.0,
            scheduler="cosine_annealing", warmup_ratio=0.1, device="cpu", early_stopping=False,
        )  # fmt: skip
        learner, marks = Learner(), []

        def told(event: dict[str, Any]) -> None:
            if event["kind"] == "epoch":
                marks.append(time.perf_counter())

        fitted = fit(learner, data, settings, validation=validation, runtime=runtime, report=told)
        if runtime.writes:
            save_file(learner.module.state_dict(), f"{options.child}.safetensors")
            losses = [row[key] for row in fitted.history for key in ("train_loss", "validation_loss")]
            steps = fitted.steps // fitted.epochs * (len(marks) - 1)
            found = {"losses": losses, "best": fitted.best_epoch, "steps": fitted.steps}
            Path(f"{options.child}.json").write_text(json.dumps({**found, "us": 1e6 * (marks[-1] - marks[0]) / steps}))


def _start(name: str, processes: int, out: Path, options: argparse.Namespace) -> dict[str, Any]:
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [*torchrun, __file__, "--child", str(out), "--task", name, "--epochs", str(options.epochs)]
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--rows", str(options.rows)], env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"torchrun ended with status {done.returncode}: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(out.with_suffix(".json").read_text())
    return found


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    shown = markdown.table(
        [
            "task",
            "steps",
            "weights differ by",
            "losses differ by",
            "same best epoch",
            "one, µs a step",
            "two, µs a step",
        ],
        [
            [
                row["title"],
                row["steps"],
                f"{row['weights']:.1e}",
                f"{row['losses']:.1e}",
                markdown.yes(row["same_best"]),
                f"{row['one_us']:.0f}",
                f"{row['two_us']:.0f}",
            ]
            for row in rows
        ],
    )
    met = markdown.aim(all(row["weights"] <= row["tolerance"] and row["same_best"] for row in rows))
    return f"""## Two processes against one with the doubled batch

Two processes under torchrun (gloo, a thread each) and one process with batches of twice the rows; the largest
difference after the whole training, and the time of a step.

{shown}

The same within {rows[0]["tolerance"]:.0e}: {met}.

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    parser = results.parser(__doc__)
    parser.add_argument("--tasks", type=results.names, default=list(TASKS), help=f"of {', '.join(TASKS)}")
    parser.add_argument("--rows", type=int, default=4_001)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--task", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
