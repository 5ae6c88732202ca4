"""A network's training that is killed within a fit is gone on with, to the same package bit by bit."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Said, finish, run, start

from trainwright.store.process import Owner

pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are killed by POSIX signals")

CONFIG = """
data: {target: bought, folds: 2, repeats: 1}
training:
  model_type: neural_network
  layers: [16, 8]
  dropout: 0.2
  epochs: 60
  batch_size: 8
  early_stopping: false
  time_limit: 10m
  threads: 1
"""
PATIENCE = 240.0


def files(folder: Path) -> tuple[Path, Path]:
    """A table of which no line knows the answer, and how a network learns it."""
    config = folder / "net.yaml"
    config.write_text(CONFIG)
    return rows_in(folder / "table.csv", 160, seed=0), config


def rows_in(table: Path, n: int, *, seed: int) -> Path:
    """Writes n rows of the table."""
    x = np.random.default_rng(seed).normal(size=(n, 3))
    said = np.where(x[:, 0] * x[:, 1] + x[:, 2] > 0, "yes", "no")
    lines = [",".join([*(f"{value:.4f}" for value in row), answer]) for row, answer in zip(x, said)]
    table.write_text("\n".join(["a,b,c,bought", *lines]) + "\n")
    return table


def killed_within_a_fit(*arguments: object, space: Path, fold: int, step: int, number: int = 1) -> Said:
    """Starts the training and kills the process that trains it, once a checkpoint of that fold is so far."""
    command = start("train", *arguments, "--workspace", space)
    end = time.monotonic() + PATIENCE
    while not any(
        int(path.name.rpartition("-")[2]) >= step
        for path in (space / "scratch").glob(f"run-{number}/neural_network.{fold}.*/epoch-*")
    ):
        assert command.poll() is None, command.communicate()
        assert time.monotonic() < end, "no checkpoint came"
        time.sleep(0.001)
    ((process,),) = rows_of(space, f"SELECT process FROM attempt WHERE run_id = {number}")
    owner = Owner.parse(process)
    assert owner is not None
    os.kill(owner.pid, signal.SIGKILL)
    return finish(command)


def rows_of(space: Path, query: str) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(space / "trainwright.db", timeout=30)) as connection:
        return list(connection.execute(query).fetchall())


@pytest.mark.slow
def test_a_network_that_is_killed_at_random_steps_ends_as_the_same_package(tmp_path: Path) -> None:
    table, config = files(tmp_path)
    whole = run("train", table, "--config", config, "--workspace", tmp_path / "whole", "--json")
    assert whole.code == 0, whole.err
    assert whole.document["selected"] == "neural_network"  # or the package would say nothing about it
    draw = random.Random(20)
    for number in range(2):
        space = tmp_path / f"killed{number}"
        # Where the kill falls after this step is left to the machine.
        fold, step = draw.randrange(2), draw.randrange(1, 400)
        said = killed_within_a_fit(table, "--config", config, space=space, fold=fold, step=step)
        assert said.code == 3 and "trainwright runs resume 1" in said.err
        resumed = run("runs", "resume", "1", "--workspace", space, "--json")
        assert resumed.code == 0, resumed.err
        assert resumed.document["package"]["sha256"] == whole.document["package"]["sha256"]
        told = [
            text for (text,) in rows_of(space, "SELECT message FROM event WHERE message LIKE '%goes on after step%'")
        ]
        assert len(told) == 1, "it was killed within the fit, and went on there"
        assert not (space / "scratch").exists()


@pytest.mark.slow
def test_a_network_that_learns_on_and_is_killed_ends_as_the_same_package(tmp_path: Path) -> None:
    table, config = files(tmp_path)
    later = rows_in(tmp_path / "later.csv", 120, seed=1)
    whole, space = tmp_path / "whole", tmp_path / "killed"
    first = run("train", table, "--config", config, "--project", "net", "--workspace", whole, "--json")
    assert first.code == 0, first.err
    assert first.document["selected"] == "neural_network"  # or nothing of it would learn on
    shutil.copytree(whole, space)
    more = (later, "--project", "net", "--incremental", "--time-limit", "10m")
    grown = run("train", *more, "--workspace", whole, "--json")
    assert grown.code == 0, grown.err
    said = killed_within_a_fit(*more, space=space, fold=1, step=20, number=2)
    assert said.code == 3 and "trainwright runs resume 2" in said.err
    resumed = run("runs", "resume", "2", "--workspace", space, "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.document["package"]["sha256"] == grown.document["package"]["sha256"]
    told = rows_of(space, "SELECT message FROM event WHERE message LIKE '%goes on after step%'")
    assert len(told) == 1, "it was killed within the fit, and went on there"
    assert not (space / "scratch").exists()
