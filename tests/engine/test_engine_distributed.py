"""Two processes started by torchrun learn what one does with the doubled batch, decide together, and go on exactly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import engine_parallel
import pytest
import torch
from engine_data import Classifier, network, rows, same
from safetensors.torch import load_file
from torch import Tensor

from trainwright.engine import checkpoint, distributed
from trainwright.engine.loop import fit
from trainwright.engine.runtime import Single
from trainwright.errors import UserError


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes left: a document each, and the weights of each training."""
    folder = tmp_path_factory.mktemp("parallel")
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    variables = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [*launch, engine_parallel.__file__, str(folder)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


def document(out: Path, rank: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / f"{rank}.json").read_text())
    return found


def left(out: Path, name: str, rank: int = 0) -> dict[str, Tensor]:
    return load_file(out / f"{name}-{rank}.safetensors")


def close(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return all(torch.allclose(one[name], two[name], rtol=1e-4, atol=1e-5) for name in one)


@pytest.mark.parametrize("name", engine_parallel.EQUAL)
def test_two_processes_equal_one_with_the_doubled_batch(name: str, out: Path) -> None:
    train, _, doubled = engine_parallel.EQUAL[name]
    lines: list[dict[str, Any]] = []
    learner, fitted = train(Single(), doubled, lines.append, None)
    found = document(out)[name]
    assert found["steps"] == fitted.steps
    assert found["best"] == fitted.best_epoch
    assert found["rate"] == fitted.choices["learning_rate"].value
    for row, expected in zip(found["history"], fitted.history, strict=True):
        assert row["train_loss"] == pytest.approx(expected["train_loss"], rel=1e-4)
        assert row["validation_loss"] == pytest.approx(expected["validation_loss"], rel=1e-4)
        assert row["metrics"] == pytest.approx(expected["metrics"])
    assert close(left(out, name), learner.module.state_dict())
    assert found["lines"] == len(lines)
    assert "shared by 2 processes" in found["batch"]


@pytest.mark.parametrize("name", [*engine_parallel.EQUAL, "memory", "normed", "whole", "resumed"])
def test_all_processes_end_with_the_same_weights(name: str, out: Path) -> None:
    assert same(left(out, name, 0), left(out, name, 1))


def test_one_process_writes_and_reports(out: Path) -> None:
    first, second = document(out, 0), document(out, 1)
    assert (first["world"], first["writes"], second["writes"]) == (2, True, False)
    assert first["table"]["lines"] > 0
    assert second["table"]["lines"] == 0
    assert len(checkpoint.listed(out / "whole")) == 3  # as many as are kept, and no process wrote them twice


def test_memory_that_runs_out_on_one_process_changes_the_parts_on_all(out: Path) -> None:
    whole = document(out)["table"]
    for rank in (0, 1):
        found = document(out, rank)["memory"]
        (event,) = found["events"]
        assert event["kind"] == "out_of_memory"
        assert "with 8 rows at a time" in event["text"]
        assert [row["train_loss"] for row in found["history"]] == pytest.approx(
            [row["train_loss"] for row in whole["history"]], rel=1e-4)  # fmt: skip
    assert close(left(out, "memory"), left(out, "table"))


def test_what_is_no_number_on_one_process_is_named_on_all(out: Path) -> None:
    first, second = document(out, 0)["broken"], document(out, 1)["broken"]
    assert first == second
    assert "the input 'x' holds values that are no numbers" in first


def test_processes_that_are_killed_go_on_to_the_same_weights(out: Path) -> None:
    assert same(left(out, "resumed"), left(out, "whole"))
    one = Classifier(network(dropout=0.3))
    with pytest.raises(UserError, match="2 processes, now 1"):
        fit(one, rows(40), engine_parallel.DROPPING, checkpoints=out / "killed")


def test_processes_that_see_different_disks_are_told_so(out: Path) -> None:
    assert "not all processes find the same checkpoint" in document(out, 0)["apart"]


def test_fewer_rows_than_processes_are_refused(out: Path) -> None:
    assert "1 rows cannot be shared by 2 processes" in document(out, 1)["few"]


def test_without_torchrun_there_is_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with distributed.joined() as runtime:
        assert isinstance(runtime, Single)
