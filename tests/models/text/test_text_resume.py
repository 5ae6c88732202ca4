"""A fine-tuning that is killed goes on within its fit, to the same files byte for byte; so does one that learns on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import text_killed
from text_rows import TWO, columns, notes

from trainwright.data.schema import Target
from trainwright.models.more import learn_more
from trainwright.models.spec import Estimator
from trainwright.models.text import training


class Killed(Exception):
    """Stands for the end of the process."""


class Ear:
    """Hears what a training tells, and ends it when an epoch was judged, before its state is written."""

    def __init__(self, kill_at: int = 0):
        self.kill_at, self.said = kill_at, []

    def __call__(self, event: dict[str, Any]) -> None:
        self.said.append(str(event["message"]))
        if self.kill_at and self.said[-1].startswith(f"Epoch {self.kill_at}/"):
            raise Killed

    def heard(self, words: str) -> int:
        return sum(words in message for message in self.said)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """States are written after every epoch, however short."""
    monkeypatch.setattr(training, "PAUSE", 0.0)


def files(model: Estimator, folder: Path) -> dict[str, bytes]:
    """What a model is on disk."""
    folder.mkdir()
    model.save(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(
    ("more", "at"),
    [
        ({}, 2),
        ({}, 4),
        ({"optimizer": "nesterov", "scheduler": "plateau", "frozen_epochs": 2, "learning_rate": 0.01}, 3),
        ({"learning_rate": "auto", "scheduler": "one_cycle", "epochs": 3, "l2_regularization": 0.001}, 2),
    ],
)
def test_a_fine_tuning_that_is_killed_ends_as_the_undisturbed_one(
    more: dict[str, Any], at: int, base_folder: Path, tmp_path: Path
) -> None:
    whole = text_killed.fit(base_folder, None, **more)
    with pytest.raises(Killed):
        text_killed.fit(base_folder, tmp_path / "states", Ear(at), **more)
    ear = Ear()
    again = text_killed.fit(base_folder, tmp_path / "states", ear, **more)
    assert ear.heard("goes on after step") == 1
    assert ear.heard("Epoch ") == whole.derived["epochs"] - at + 1, "earlier epochs are not learned again"
    assert files(again, tmp_path / "again") == files(whole, tmp_path / "whole")
    assert (again.curve, again.derived) == (whole.curve, whole.derived)


@pytest.mark.usefixtures("often")
def test_a_process_that_is_really_killed_ends_as_the_undisturbed_one(base_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, text_killed.__file__, str(base_folder), str(tmp_path / "states")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.kill()
        assert process.wait() < 0
    ear = Ear()
    again = text_killed.fit(base_folder, tmp_path / "states", ear)
    assert ear.heard("goes on after step 8 of 16") == 1
    whole = text_killed.fit(base_folder, None)
    assert files(again, tmp_path / "again") == files(whole, tmp_path / "whole")


@pytest.mark.usefixtures("often")
def test_learning_on_with_a_class_more_that_is_killed_ends_as_the_undisturbed_one(
    base_folder: Path, tmp_path: Path
) -> None:
    fitted = text_killed.fit(base_folder, None, epochs=2)
    fitted.target = Target("y", "classes", (*TWO.classes, "question"))
    texts, y = notes(60, 3)
    rows = columns([*texts, *(f"when does the {part} arrive" for part in ("pump", "fan", "gear") * 4)])
    labels = np.concatenate([y, np.full(12, 2)])

    def on(states: Path | None, ear: Ear) -> Estimator:
        return learn_more(fitted, rows, labels, rounds=3, seed=2, report=ear, checkpoints=states)

    whole = on(None, Ear())
    with pytest.raises(Killed):
        on(tmp_path / "states", Ear(2))
    ear = Ear()
    again = on(tmp_path / "states", ear)
    assert ear.heard("goes on after step") == 1 and ear.heard("Epoch ") == 2
    assert files(again, tmp_path / "again") == files(whole, tmp_path / "whole")
    assert again.predict(rows).shape == (72, 3)


def test_a_short_fit_writes_no_state_and_one_without_room_says_so_and_goes_on(
    base_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ear = Ear()
    whole = text_killed.fit(base_folder, tmp_path / "states", ear)
    assert not (tmp_path / "states").exists() and not ear.heard("no states")

    monkeypatch.setattr(training, "PAUSE", 0.0)
    full = SimpleNamespace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    other = text_killed.fit(base_folder, tmp_path / "states", ear)
    assert not (tmp_path / "states").exists()
    assert ear.heard("no states of this fit are written") == 1 and ear.heard("a killed run would begin this fit") == 1
    assert files(other, tmp_path / "other") == files(whole, tmp_path / "whole")

    monkeypatch.undo()
    monkeypatch.setattr(training, "PAUSE", 0.0)
    text_killed.fit(base_folder, tmp_path / "none", save_checkpoint=False)
    assert not (tmp_path / "none").exists()
    text_killed.fit(base_folder, tmp_path / "states")
    assert len(list((tmp_path / "states").iterdir())) <= training.KEPT + 1, "the last ones, and the best one's weights"


@pytest.mark.usefixtures("often")
def test_an_epoch_that_is_asked_for_is_kept(base_folder: Path, tmp_path: Path) -> None:
    ear = Ear()
    kept = text_killed.fit(base_folder, None, ear, keep_epoch=2)
    assert kept.iterations == 2 and ear.heard("Epoch ") == 2
    stopped = text_killed.fit(base_folder, tmp_path / "states", keep_epoch=2)
    assert files(kept, tmp_path / "a") == files(stopped, tmp_path / "b")


def test_settings_that_came_later_stand_in_a_saved_model_only_where_they_were_set(
    base_folder: Path, tmp_path: Path
) -> None:
    """A package of the defaults has the bytes that it always had."""
    from trainwright.models.text_transformer import LATER

    plain = files(text_killed.fit(base_folder, None, epochs=1), tmp_path / "plain")["model.json"].decode()
    assert not any(name in plain for name in LATER) and '"warmup_ratio"' in plain
    given = text_killed.fit(base_folder, None, epochs=1, warmup_steps=2)
    said = files(given, tmp_path / "given")["model.json"].decode()
    assert '"warmup_steps": 2' in said
    again = type(given).load(tmp_path / "given", TWO)
    texts, y = notes(20)
    assert learn_more(again, columns(texts), y, rounds=1).iterations == 2
