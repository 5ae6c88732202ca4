"""What is chosen has a reason: device, precision, compilation, learning rate; and what is told while it runs."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from engine_data import Classifier, accuracy, network, rows, same, weights
from torch import nn

from trainwright.engine import precision, usage
from trainwright.engine.loop import fit
from trainwright.engine.settings import EngineSettings
from trainwright.errors import EnvironmentProblem

SETTINGS = EngineSettings(epochs=3, batch_size=10, log_every=5)


def test_a_device_that_is_not_there_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EnvironmentProblem, match=r"device: gpu is asked for, and no GPU can be used here"):
        fit(Classifier(network()), rows(20), replace(SETTINGS, device="gpu"))


def test_the_processor_is_chosen_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    choice = precision.choose_device("auto")
    assert (choice.value, choice.reason) == ("cpu", "no GPU can be used here")
    assert precision.choose_device("cpu").reason == "asked for"


@pytest.mark.parametrize(("amx", "wide", "expected"), [(True, 2000, "bf16"), (True, 20, "fp32"), (False, 2000, "fp32")])
def test_precision_on_a_processor_follows_size_and_instructions(
    monkeypatch: pytest.MonkeyPatch, amx: bool, wide: int, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    found = precision.choose(SETTINGS, nn.Linear(wide, wide), steps=100)
    assert found.precision == expected
    assert found.choices["compile"].value == "off"


@pytest.mark.parametrize("capable", [True, False])
def test_precision_on_a_gpu(monkeypatch: pytest.MonkeyPatch, capable: bool) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: capable)
    found = precision.choose(SETTINGS, nn.Linear(2, 2), steps=100_000)
    assert found.choices["device"].reason == "a GPU is there"
    assert found.precision == ("bf16" if capable else "fp16")
    assert found.choices["compile"].value == "on"
    if not capable:
        with pytest.raises(EnvironmentProblem, match="a GPU does not compute in it"):
            precision.choose(replace(SETTINGS, precision="bf16"), nn.Linear(2, 2), steps=1)


@pytest.mark.parametrize("name", ["bf16", "fp16"])
def test_shorter_formats_learn_too(name: str) -> None:
    learner, held = Classifier(network(wide=32)), rows(200, seed=1)
    settings = EngineSettings(epochs=25, batch_size=16, learning_rate=0.02, precision=name)
    fitted = fit(learner, rows(300), settings, validation=held, metrics=accuracy(held))
    assert fitted.history[fitted.best_epoch - 1]["metrics"]["accuracy"] > 0.88
    assert all(parameter.dtype == torch.float32 for parameter in learner.module.parameters())


def test_gradient_checkpointing_is_switched_on_where_the_network_can() -> None:
    calls: list[Any] = []
    module = network()
    asked = replace(SETTINGS, gradient_checkpointing=True)
    refused = fit(Classifier(module), rows(20), asked).choices["gradient_checkpointing"]
    assert refused.value is False and "no blocks" in refused.reason
    module[3].gradient_checkpointing_enable = lambda **kwargs: calls.append(kwargs)  # type: ignore[assignment]
    assert fit(Classifier(module), rows(20), asked).choices["gradient_checkpointing"].value is True
    assert calls == [{"gradient_checkpointing_kwargs": {"use_reentrant": False}}]


def test_a_learning_rate_is_found_that_learns_and_nothing_else_changes() -> None:
    held = rows(300, seed=1)
    settings = EngineSettings(epochs=15, batch_size=16, learning_rate="auto")
    found = Classifier(network(wide=32))
    fitted = fit(found, rows(400), settings, validation=held, metrics=accuracy(held))
    choice = fitted.choices["learning_rate"]
    assert 1e-3 <= choice.value <= 0.2 and "range test" in choice.reason
    assert fitted.history[fitted.best_epoch - 1]["metrics"]["accuracy"] > 0.9
    # The same rate, given: the same weights. The test itself left no trace.
    given = Classifier(network(wide=32))
    fit(given, rows(400), replace(settings, learning_rate=choice.value), validation=held)
    assert same(weights(found.module), weights(given.module))


def test_steps_and_epochs_are_told_as_lines_and_as_points() -> None:
    told: list[dict[str, Any]] = []
    held = rows(30, seed=1)
    settings = replace(SETTINGS, learning_rate=5e-5)
    fitted = fit(Classifier(network()), rows(50), settings, validation=held, metrics=accuracy(held), report=told.append)
    kinds = [event["kind"] for event in told]
    assert kinds.count("step") == 3 and kinds.count("epoch") == 3
    step = next(event for event in told if event["kind"] == "step")
    loss, norm = step["points"][0][2], step["points"][2][2]
    assert step["message"] == f"Step 5/15: loss={loss:.4g}, lr=5e-5, grad_norm={norm:.3g}"
    assert [point[:2] for point in step["points"]] == [["Loss/step", 5], ["Learning rate", 5], ["Gradient norm", 5]]
    epoch = next(event for event in told if event["kind"] == "epoch")
    row = fitted.history[0]
    assert epoch["message"].startswith(
        f"Epoch 1/3: loss {row['train_loss']:.4g}, validation {row['validation_loss']:.4g}, "
        f"accuracy {row['metrics']['accuracy']:.4g}, at most "
    )
    curves = [point[0] for point in epoch["points"] if not point[0].startswith("System/")]
    assert curves == ["Loss/train", "Loss/validation", "Accuracy/validation"]
    chosen = {event["name"]: event["message"] for event in told if event["kind"] == "choice"}
    assert chosen["device"].startswith("device: cpu (") and chosen["batch_size"].startswith("batch_size: 10 (needs ")
    assert {"device", "precision", "compile", "rows", "batch_size", "learning_rate"} <= chosen.keys()
    assert "attention" not in chosen  # lines and bends attend to nothing


@pytest.mark.parametrize("kind", ["sdpa", "eager"])
def test_a_network_that_attends_tells_how(kind: str) -> None:
    module = network()
    module[0].config = SimpleNamespace(_attn_implementation=kind)  # type: ignore[assignment]
    found = precision.choose(SETTINGS, module, steps=1).choices["attention"]
    assert found.value == kind and ("scaled_dot_product_attention" in found.reason) == (kind == "sdpa")


def test_both_loss_and_answer_are_asked_in_one_pass_where_the_learner_can() -> None:
    class Both(Classifier):
        passes = 0

        def judge(self, batch: Any) -> Any:
            Both.passes += 1
            scores = self.module(batch["x"])
            return nn.functional.cross_entropy(scores, batch["y"], reduction="sum"), float(len(scores)), scores

        def predict(self, batch: Any) -> Any:
            raise AssertionError("asked twice")

    held = rows(30, seed=1)
    one = fit(Both(network()), rows(50), SETTINGS, validation=held, metrics=accuracy(held))
    two = fit(Classifier(network()), rows(50), SETTINGS, validation=held, metrics=accuracy(held))
    assert Both.passes == 3
    assert [row["metrics"] for row in one.history] == [row["metrics"] for row in two.history]


def test_plain_modules_import_no_torch() -> None:
    names = ("engine", "engine.settings", "engine.schedules", "engine.stopping", "engine.diagnosis", "engine.records")
    code = f"import sys, {', '.join(f'trainwright.{name}' for name in names)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("there", [True, False])
def test_use_of_a_gpu_that_cannot_be_asked_for_is_said(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    monkeypatch.setattr(usage, "find_spec", lambda name: object() if there else None)
    said = usage.Usage(torch.device("cuda")).lacks
    assert said is None if there else said is not None and "nvidia-ml-py" in said
    assert usage.Usage(torch.device("cpu")).lacks is None
