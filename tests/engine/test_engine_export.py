"""Networks as ONNX files answer as torch does, for any number of rows and any length of texts."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch
from engine_data import Words, network
from torch import Tensor, nn

from trainwright.engine import export
from trainwright.engine.randomness import alone
from trainwright.errors import EnvironmentProblem, TrainwrightError


def tokens(rows: int, length: int) -> dict[str, Tensor]:
    draw = torch.Generator().manual_seed(rows)
    mask = torch.ones(rows, length, dtype=torch.long)
    mask[0, length // 2 :] = 0
    return {"ids": torch.randint(2, 30, (rows, length), generator=draw), "mask": mask}


def test_texts_of_any_number_and_length_are_answered_alike(tmp_path: Path) -> None:
    with alone(3):
        module = Words()
    module.train()
    found = export.to_onnx(module, tokens(3, 6), tmp_path / "m.onnx", checks=[tokens(1, 9), tokens(7, 2)])
    assert found.difference < 1e-6
    assert found.rows == 11
    assert module.training  # as it was
    session = onnxruntime.InferenceSession(found.path, providers=["CPUExecutionProvider"])
    batch = tokens(5, 4)
    (answers,) = session.run(None, {name: tensor.numpy() for name, tensor in batch.items()})
    assert torch.allclose(torch.as_tensor(answers), module.eval()(**batch), atol=1e-5)
    assert [item.name for item in session.get_inputs()] == ["ids", "mask"]


def test_a_file_that_answers_differently_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network whose weights move between writing and comparing stands for a wrong translation."""
    module = network()
    really = export._written

    def wrong(changed: nn.Module, example: dict[str, Tensor]) -> bytes:
        content = really(changed, example)
        with torch.no_grad():
            next(changed.parameters()).add_(0.1)
        return content

    monkeypatch.setattr(export, "_written", wrong)
    with pytest.raises(TrainwrightError, match="answers differently: by up to"):
        export.to_onnx(module, {"input": torch.randn(4, 2)}, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_what_onnx_cannot_say_is_refused(tmp_path: Path) -> None:
    class Odd(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + len(str(float(x.sum())))

    with pytest.raises(TrainwrightError, match="cannot be written as ONNX"):
        export.to_onnx(Odd(), {"x": torch.randn(4, 2)}, tmp_path / "m.onnx")


def test_missing_libraries_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    really = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxscript" else really(name))
    with pytest.raises(EnvironmentProblem, match="onnxscript, which is not installed"):
        export.to_onnx(network(), {"input": torch.randn(4, 2)}, tmp_path / "m.onnx")
