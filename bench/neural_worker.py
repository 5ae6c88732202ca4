"""Trains one task with one system whenever it is told "go": `python bench/neural_worker.py TASK SYSTEM EPOCHS STEPS`.

Prints one line of JSON when it is ready, with the versions, and one for each training: microseconds per step between
the ends of the first and the last epoch. All systems learn from a fresh network in fp32 on the processor, with fused
AdamW over one group of parameters (HF Trainer makes two of its own), gradients clipped to a norm of 1, the rows in
memory in a new order for each epoch, and the loss read back and looked at after each step.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import neural_tasks
import torch
from neural_tasks import CLIP, Task, inputs_of
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset


def main(arguments: list[str]) -> None:
    name, system, epochs, steps = arguments[0], arguments[1], int(arguments[2]), int(arguments[3])
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    task = neural_tasks.TASKS[name]
    steps, epochs = steps or task.steps, epochs or task.epochs
    rows = task.rows(task.batch * steps)
    train, packages = SYSTEMS[system]
    train(task, rows, 1)  # whatever is done once is done now
    print(json.dumps({"versions": {package: version(package) for package in packages}}), flush=True)
    for line in sys.stdin:
        if line.strip() != "go":
            break
        marks = train(task, rows, epochs)
        print(json.dumps({"us": 1e6 * (marks[-1] - marks[0]) / (steps * (len(marks) - 1))}), flush=True)


def by_hand(task: Task, rows: dict[str, Tensor], epochs: int) -> list[float]:
    """The shortest loop in plain torch: permuted once per epoch, contiguous slices."""
    module = _network(task)
    optimizer = torch.optim.AdamW(module.parameters(), lr=task.rate, fused=True)
    parameters, marks = list(module.parameters()), []
    draw = torch.Generator().manual_seed(0)
    for _ in range(epochs):
        order = torch.randperm(len(rows["y"]), generator=draw)
        columns = {name: column[order] for name, column in rows.items()}
        for parts in zip(*(column.split(task.batch) for column in columns.values())):
            batch = dict(zip(columns, parts))
            optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(module(**inputs_of(batch)), batch["y"])
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, CLIP)
            optimizer.step()
            _look(loss)
        marks.append(time.perf_counter())
    return marks


def ours(task: Task, rows: dict[str, Tensor], epochs: int, *, health: bool = True) -> list[float]:
    """The engine as families use it, but for one group of parameters: weights and biases decay alike."""
    from trainwright.engine.batches import Held
    from trainwright.engine.loop import fit
    from trainwright.engine.settings import EngineSettings

    class Learner:
        def __init__(self) -> None:
            self.module = _network(task)

        def loss(self, batch: Any) -> tuple[Tensor, float]:
            scores = self.module(**inputs_of(batch))
            return cross_entropy(scores, batch["y"], reduction="sum"), float(len(scores))

        def predict(self, batch: Any) -> Tensor:
            return self.module(**inputs_of(batch))

        def parameter_groups(self, settings: EngineSettings) -> list[dict[str, Any]]:
            return [{"params": list(self.module.parameters())}]

    settings = EngineSettings(
        epochs=epochs, batch_size=task.batch, learning_rate=task.rate, weight_decay=0.01, gradient_clip=CLIP,
        precision="fp32", early_stopping=False, device="cpu", threads=torch.get_num_threads(),
        health_every=50 if health else 0,
    )  # fmt: skip
    marks: list[float] = []

    def told(event: dict[str, Any]) -> None:
        if event["kind"] == "epoch":
            marks.append(time.perf_counter())

    fit(Learner(), Held(**rows), settings, report=told)
    return marks


def ours_without_checks(task: Task, rows: dict[str, Tensor], epochs: int) -> list[float]:
    """The engine without looking at gradients; the loss is looked at in any case."""
    return ours(task, rows, epochs, health=False)


def lightning(task: Task, rows: dict[str, Tensor], epochs: int) -> list[float]:
    """Lightning's Trainer, everything switched off that only shows or saves."""
    import lightning

    marks: list[float] = []

    class Module(lightning.LightningModule):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.net = _network(task)

        def training_step(self, parts: list[Tensor], index: int) -> Tensor:
            batch = dict(zip(rows, parts))
            loss = cross_entropy(self.net(**inputs_of(batch)), batch["y"])
            _look(loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.AdamW(self.parameters(), lr=task.rate, fused=True)

        def on_train_epoch_end(self) -> None:
            marks.append(time.perf_counter())

    trainer = lightning.Trainer(
        accelerator="cpu", devices=1, max_epochs=epochs, gradient_clip_val=CLIP, logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
    )  # fmt: skip
    trainer.fit(Module(), _loader(task, rows))
    return marks


def accelerate(task: Task, rows: dict[str, Tensor], epochs: int) -> list[float]:
    """Accelerate around a plain loop and a DataLoader."""
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=True)
    module = _network(task)
    optimizer = torch.optim.AdamW(module.parameters(), lr=task.rate, fused=True)
    module, optimizer, loader = accelerator.prepare(module, optimizer, _loader(task, rows))
    marks = []
    for _ in range(epochs):
        for parts in loader:
            batch = dict(zip(rows, parts))
            optimizer.zero_grad()
            loss = cross_entropy(module(**inputs_of(batch)), batch["y"])
            accelerator.backward(loss)
            accelerator.clip_grad_norm_(module.parameters(), CLIP)
            optimizer.step()
            _look(loss)
        marks.append(time.perf_counter())
    return marks


def trainer(task: Task, rows: dict[str, Tensor], epochs: int) -> list[float]:
    """Hugging Face's Trainer; it reads the loss back by itself."""
    from transformers import Trainer, TrainerCallback, TrainingArguments

    marks: list[float] = []

    class Whole(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = _network(task)

        def forward(self, labels: Tensor, num_items_in_batch: Any = None, **inputs: Tensor) -> dict[str, Tensor]:
            scores = self.net(**inputs)
            return {"loss": cross_entropy(scores, labels), "logits": scores}

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_epoch_end(self, *arguments: Any, **more: Any) -> None:
            marks.append(time.perf_counter())

    class Rows(torch.utils.data.Dataset[dict[str, Tensor]]):
        def __len__(self) -> int:
            return len(rows["y"])

        def __getitem__(self, at: int) -> dict[str, Tensor]:
            return {"labels" if name == "y" else name: column[at] for name, column in rows.items()}

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, per_device_train_batch_size=task.batch, num_train_epochs=epochs, report_to=[],
            save_strategy="no", logging_strategy="no", max_grad_norm=CLIP, use_cpu=True, optim="adamw_torch_fused",
            learning_rate=task.rate, lr_scheduler_type="constant", disable_tqdm=True, remove_unused_columns=False,
        )  # fmt: skip
        Trainer(model=Whole(), args=arguments, train_dataset=Rows(), callbacks=[Clock()]).train()
    return marks


SYSTEMS: dict[str, tuple[Callable[[Task, dict[str, Tensor], int], list[float]], tuple[str, ...]]] = {
    "by_hand": (by_hand, ("torch",)),
    "ours": (ours, ("torch",)),
    "ours_without_checks": (ours_without_checks, ("torch",)),
    "lightning": (lightning, ("torch", "lightning")),
    "accelerate": (accelerate, ("torch", "accelerate")),
    "trainer": (trainer, ("torch", "transformers")),
}


def _network(task: Task) -> nn.Module:
    torch.manual_seed(0)
    return task.build().train()


def _loader(task: Task, rows: dict[str, Tensor]) -> DataLoader[Any]:
    return DataLoader(TensorDataset(*rows.values()), batch_size=task.batch, shuffle=True)


def _look(loss: Tensor) -> None:
    """The read-back that a check of the loss needs."""
    if not math.isfinite(loss.item()):
        raise RuntimeError("the loss is no number")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1:])
