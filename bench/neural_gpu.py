"""Training on a GPU: tokens per second and share of the chip's peak, ours against HF Trainer.

    python bench/neural_gpu.py --peers-python FOLDER/bin/python [--models minilm,bert_base] [--batch 64] [--length 128]

MiniLM and a model of the size of BERT-base (random weights) learn to classify texts of one length; bf16, fused AdamW,
clipping, fused attention; once with torch.compile and once without. Every system has a process of its own and trains in
turn; medians. The share of the peak counts 6 operations for each weight outside of the embeddings and each token, and
12 * layers * width * length for attention (Chowdhery et al. 2022, PaLM, appendix B), of what the maker promises for
dense bf16. Peers: an environment with a CUDA build of torch, transformers and accelerate; without one, ours alone is
measured. Where there is no GPU the script says so and measures nothing. About 10 minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import markdown
import results

MODELS = {"minilm": "MiniLM", "bert_base": "BERT-base, random weights"}
SYSTEMS = ("ours", "ours_compiled", "trainer", "trainer_compiled")
TITLES = {
    "ours": "ours",
    "ours_compiled": "ours, compiled",
    "trainer": "HF Trainer",
    "trainer_compiled": "HF, compiled",
}
# Dense bf16 operations per second, by a part of the device's name; from the makers' data sheets.
PEAKS = {"H200": 989e12, "H100 PCIe": 756e12, "H100 NVL": 835e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12,
         "A10": 125e12, "L4": 121e12, "V100": 0.0, "T4": 0.0}  # fmt: skip


def main() -> None:
    options = _options()
    if options.child:
        child(options)
        return
    result = results.Result("neural_gpu_rehearsal" if options.rehearse else "neural_gpu", options)
    for name in options.models:
        result.measured(name, measure, name, options)


def measure(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """All systems on one model, in turn."""
    import torch

    if not torch.cuda.is_available() and not options.rehearse:
        raise results.NotMeasured("there is no GPU here that torch can use")
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "none (a rehearsal on the processor)"
    systems = [system for system in SYSTEMS if system.startswith("ours") or options.peers_python]
    if options.rehearse:
        systems = [system for system in systems if not system.endswith("compiled")]
    found: dict[str, list[dict[str, Any]]] = {system: [] for system in systems}
    for _ in range(options.repeats):
        for system in systems:
            found[system].append(_run(name, system, options))
    one = found["ours"][0]
    peak = next((value for part, value in PEAKS.items() if part in device), 0.0)
    row: dict[str, Any] = {
        "title": MODELS[name], "device": device, "batch": options.batch, "length": options.length,
        "operations_per_token": one["operations"], "peak": peak, "torch": one["torch"],
        "choices": one["choices"], "repeats": options.repeats,
    }  # fmt: skip
    for system, runs in found.items():
        pace = median(run["tokens"] for run in runs)
        row |= {f"{system}_tokens": pace, f"{system}_gb": max(run["gb"] for run in runs)}
        row[f"{system}_share"] = pace * one["operations"] / peak if peak else None
    return row


def child(options: argparse.Namespace) -> None:
    """One training as a process of its own; prints tokens per second."""
    import neural_tasks
    import torch

    small = options.rehearse
    build: Callable[[], Any] = neural_tasks.minilm
    if options.models == ["bert_base"]:
        build = (lambda: neural_tasks.bert(2, 128)) if small else neural_tasks.bert
    rows = neural_tasks.tokens(options.length)(options.batch * options.steps)
    task = neural_tasks.Task("", options.batch, options.steps, build, lambda n: rows, 5e-5)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    train = _trainer if options.child.startswith("trainer") else _ours
    marks, module, choices = train(task, rows, options, compiled=options.child.endswith("compiled"))
    per_epoch = options.batch * options.steps * options.length
    config = module.encoder.config
    embedded = sum(p.numel() for name, p in module.named_parameters() if "embeddings" in name)
    weights = sum(p.numel() for p in module.parameters()) - embedded
    operations = 6 * weights + 12 * config.num_hidden_layers * config.hidden_size * options.length
    gb = torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0
    seconds = (marks[-1] - marks[0]) / (len(marks) - 1)
    found = {"tokens": per_epoch / seconds, "operations": operations, "gb": gb, "choices": choices}
    print(json.dumps({**found, "torch": torch.__version__}), flush=True)


def _ours(task: Any, rows: Any, options: argparse.Namespace, *, compiled: bool) -> tuple[list[float], Any, Any]:
    import torch
    from neural_tasks import CLIP, inputs_of
    from torch.nn.functional import cross_entropy

    from trainwright.engine.batches import Held
    from trainwright.engine.learner import groups
    from trainwright.engine.loop import fit
    from trainwright.engine.settings import EngineSettings

    torch.manual_seed(0)
    module = task.build()

    class Learner:
        def __init__(self) -> None:
            self.module = module

        def loss(self, batch: Any) -> tuple[Any, float]:
            scores = module(**inputs_of(batch))
            return cross_entropy(scores.float(), batch["y"], reduction="sum"), float(len(scores))

        def predict(self, batch: Any) -> Any:
            return module(**inputs_of(batch))

        def parameter_groups(self, settings: Any) -> Any:
            return groups(module)

    settings = EngineSettings(
        epochs=options.epochs, batch_size=task.batch, learning_rate=task.rate, weight_decay=0.01, gradient_clip=CLIP,
        precision="bf16", compile="on" if compiled else "off", early_stopping=False, deterministic=False,
    )  # fmt: skip
    marks: list[float] = []

    def told(event: dict[str, Any]) -> None:
        if event["kind"] == "epoch":
            marks.append(time.perf_counter())

    fitted = fit(Learner(), Held(**rows), settings, report=told)
    return marks, module, {name: f"{choice.value}: {choice.reason}" for name, choice in fitted.choices.items()}


def _trainer(task: Any, rows: Any, options: argparse.Namespace, *, compiled: bool) -> tuple[list[float], Any, Any]:
    import torch
    from neural_tasks import CLIP
    from torch import Tensor, nn
    from torch.nn.functional import cross_entropy
    from transformers import Trainer, TrainerCallback, TrainingArguments

    torch.manual_seed(0)
    module, marks = task.build(), []

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = module

        def forward(self, labels: Tensor, ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
            scores = self.net(ids=ids, mask=mask)
            return {"loss": cross_entropy(scores.float(), labels), "logits": scores}

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_epoch_end(self, *arguments: Any, **more: Any) -> None:
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            marks.append(time.perf_counter())

    class Rows(torch.utils.data.Dataset[dict[str, Tensor]]):
        def __len__(self) -> int:
            return len(rows["y"])

        def __getitem__(self, at: int) -> dict[str, Tensor]:
            return {"labels": rows["y"][at], "ids": rows["ids"][at], "mask": rows["mask"][at]}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, per_device_train_batch_size=task.batch, num_train_epochs=options.epochs, report_to=[],
            save_strategy="no", logging_strategy="no", max_grad_norm=CLIP, bf16=True, optim="adamw_torch_fused",
            use_cpu=not torch.cuda.is_available(), learning_rate=task.rate, disable_tqdm=True, torch_compile=compiled,
            remove_unused_columns=False, dataloader_num_workers=0 if options.rehearse else 4,
            dataloader_pin_memory=torch.cuda.is_available(),
        )  # fmt: skip
        Trainer(model=Whole(), args=arguments, train_dataset=Rows(), callbacks=[Clock()]).train()
    return marks, module, {}


def _run(name: str, system: str, options: argparse.Namespace) -> dict[str, Any]:
    python = str(options.peers_python) if system.startswith("trainer") else sys.executable
    command = [python, __file__, "--child", system, "--models", name, "--batch", str(options.batch)]
    command += ["--length", str(options.length), "--steps", str(options.steps), "--epochs", str(options.epochs)]
    command += ["--rehearse"] if options.rehearse else []
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HF_HUB_OFFLINE": "1"}
    )
    for line in reversed(done.stdout.splitlines()):
        if line.startswith('{"'):
            found: dict[str, Any] = json.loads(line)
            return found
    raise RuntimeError(f"{system} on {name} ended with status {done.returncode}: {done.stderr[-2000:]}")


def section(result: dict[str, Any]) -> str:
    """The section of docs/benchmarks.md."""
    rows = list(result["rows"].values())
    if not rows:
        return "## Training on a GPU\n\nNot run: no GPU was at hand. `python bench/neural_gpu.py` measures it.\n"
    lines = []
    for row in rows:
        for system in SYSTEMS:
            if f"{system}_tokens" in row:
                share = row[f"{system}_share"]
                told = "–" if share is None else f"{100 * share:.1f} %"
                pace, memory = f"{row[f'{system}_tokens']:,.0f}", f"{row[f'{system}_gb']:.1f}"
                lines.append([row["title"], TITLES[system], pace, told, memory])
    first = rows[0]
    shown = markdown.table(["model", "system", "tokens per second", "share of the peak", "GB"], lines)
    return f"""## Training on a GPU

{first["device"]}, torch {first["torch"]}, bf16, batch {first["batch"]}, {first["length"]} tokens; medians of
{first["repeats"]} trainings in turn.

{shown}

{markdown.footer(result)}
"""


def _options() -> argparse.Namespace:
    if "--child" in sys.argv:  # a peer's environment need not hold what our own options are read with
        parser = argparse.ArgumentParser()
    else:
        parser = results.parser(__doc__)
    parser.add_argument("--peers-python", type=Path, help="the interpreter of an environment with HF Trainer")
    parser.add_argument("--models", type=results.names, default=list(MODELS), help=f"of {', '.join(MODELS)}")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--length", type=int, default=128, help="tokens of a text")
    parser.add_argument("--steps", type=int, default=100, help="of an epoch")
    parser.add_argument("--epochs", type=int, default=4, help="the first is not counted")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--rehearse", action="store_true", help="small and on the processor: does the script work?")
    parser.add_argument("--child", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
