"""A disk that is full within the fit of a network ends the run with one message, and what is done is kept."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from typing import Any

import pytest
from run_story import now, resume_here, trials
from training_runs import FEATURES, new_workspace, settings, table

from trainwright.engine import checkpoint
from trainwright.errors import DiskFull
from trainwright.jobs.attempt import execute
from trainwright.training.prepare import prepare


@pytest.mark.usefixtures("sealed_here")
def test_no_space_for_a_checkpoint_fails_the_run_and_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(training__model_type="neural_network", training__epochs=3, training__families=None, data__folds=2)
    run = prepare(workspace, table().select(FEATURES), wanted).run
    written: list[str] = []

    def full(tensors: Any, path: Path, *, really: Any = checkpoint.save_file) -> None:
        really(tensors, path)
        written.append(path.name)
        if len(written) > 8:  # two files for each of three epochs of the first fold, and one of the second
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "save_file", full)
        with pytest.raises(DiskFull, match=r"the disk that holds .* is full: .* free some space"):
            execute(workspace, run.id, 1, time.time())
    failed = now(workspace, run.id)
    assert failed.state == "failed" and "is full" in str((failed.error or {})["message"])
    before = trials(workspace, run.id)
    assert ("neural_network", 0) in before and ("neural_network", 1) not in before
    result = resume_here(workspace, run.id)
    assert result["version"] == "v1"
    after = trials(workspace, run.id)
    assert {key: after[key] for key in before} == before and ("neural_network", 1) in after
