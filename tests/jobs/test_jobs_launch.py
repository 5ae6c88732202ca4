"""Training from Python: estimators and metrics of one's own, loading what was made, and a child's loud end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, LIGHT, new_workspace, rows_of, table

import trainwright as tw
from trainwright.errors import UserError
from trainwright.jobs import launch, process
from trainwright.jobs.output import Output

QUICK = {"data.folds": 2, "data.repeats": 1, "training.family_settings": LIGHT, "training.threads": 1}


def cost_of_misses(y_true: np.ndarray, y_pred: np.ndarray) -> float:
    """A user's metric: what was missed costs five times what was flagged in vain."""
    missed = (y_true == "yes") & (y_pred == "no")
    return -float((5 * missed + ((y_true == "no") & (y_pred == "yes"))).mean())


@pytest.mark.usefixtures("sealed_here")
def test_an_estimator_and_a_metric_of_ones_own_join_the_comparison(tmp_path: Path) -> None:
    from sklearn.ensemble import ExtraTreesClassifier

    frame = table().select(FEATURES)
    result = tw.train(
        frame,
        target="y",
        project="demo",
        time_limit=600,
        workspace=tmp_path / "workspace",
        families=["linear", ("mine", ExtraTreesClassifier(5, random_state=0))],
        metrics=[cost_of_misses],
        settings={**QUICK, "training.metric": "cost_of_misses"},
    )
    rows = {row["name"]: row for row in result.leaderboard}
    assert rows["mine"]["packageable"] is False and rows["linear"]["packageable"] is True
    assert all("cost_of_misses" in row["metrics"] for row in rows.values())
    assert result.document["metric"] == "cost_of_misses"
    assert result.document["selected"] != "mine" and rows["mine"]["weight"] == 0
    assert "mine" not in str(result.predictor().manifest.members)
    assert result.evaluation["test"]["log_loss"]["value"] is not None
    said = (result.report or Path()).read_text(encoding="utf-8")
    assert "mine" in said


@pytest.mark.usefixtures("sealed_here")
def test_an_own_estimator_that_was_best_is_not_packaged_and_this_is_said(tmp_path: Path) -> None:
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Knows(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
        """Predicts better than anything else can."""

        def fit(self, X: np.ndarray, y: np.ndarray) -> Knows:
            self.classes_ = np.unique(y)
            return self

        def predict_proba(self, X: np.ndarray) -> np.ndarray:
            p = np.where(2 * X[:, 0] + X[:, 1] > 0, 0.9, 0.1)
            return np.column_stack([1 - p, p])

    result = tw.train(
        table().select(FEATURES),
        target="y",
        time_limit=600,
        workspace=tmp_path / "workspace",
        families=["linear", ("knows", Knows())],
        settings={**QUICK, "training.metric": "accuracy"},
    )
    assert result.document["selected"] != "knows"
    assert any("knows" in str(note) for note in [*result.document["notes"], result.document["comparison"]["reason"]])


def test_children_train_and_repeat_and_the_version_is_loaded_by_name(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    frame = table().select(FEATURES)
    frame.write_csv(tmp_path / "demo.csv")
    started = time.time()
    result = tw.train(
        tmp_path / "demo.csv",
        target="y",
        time_limit=600,
        workspace=workspace.path,
        settings=QUICK | {"training.families": ("linear",)},
    )
    assert result.version == "v1" and result.document["project"] == "demo"
    assert result.document["wall_s"] <= time.time() - started
    [(owner,)] = rows_of(workspace, "select process from attempt")
    assert f"-{os.getpid()}-" not in owner
    predictor = tw.load("demo", workspace=workspace.path)
    again = tw.load("demo@v1", workspace=workspace.path)
    predicted = predictor.predict(frame.drop("y"))
    assert (pl.DataFrame(predicted) if not isinstance(predicted, pl.DataFrame) else predicted).height == frame.height
    assert predictor.manifest.to_bytes() == again.manifest.to_bytes()
    with pytest.raises(UserError, match="v9"):
        tw.load("demo@v9", workspace=workspace.path)
    repeated = launch.repeat(workspace, result.document["run"])
    assert repeated["package"]["sha256"] == result.document["package"]["sha256"]
    assert rows_of(workspace, "select count(*) from test_opening") == [(1,)]
    owners = {row[0] for row in rows_of(workspace, "select process from attempt")}
    assert len(owners) == 2


LOUD = "import sys; [sys.stderr.write('x' * 1023 + chr(10)) for _ in range(1024)]; sys.stderr.write('the end')"


def test_a_child_that_writes_much_is_not_held_up_and_its_last_words_are_kept() -> None:
    child = subprocess.Popen([sys.executable, "-c", LOUD], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output = Output(child.stdout, child.stderr, keep=1_000)
    assert child.wait(60) == 0
    said, words = output.take(last=True).split("\n", 1)
    assert len(words) == 1_000 and words.endswith("the end")
    assert said == f"[{1024 * 1024 + len('the end') - 1_000:,} bytes before this were not kept]"
    assert output.take(last=True) == ""
    for pipe in (child.stdout, child.stderr):
        assert pipe is not None
        pipe.close()


LISTENER = """
import threading
from trainwright.jobs.process import watch_parent
heard = threading.Event()
watch_parent(lambda word: heard.set() if word == "stop" else None)
print("ready", flush=True)
heard.wait()
"""


@pytest.mark.parametrize(("word", "status"), [(b"stop\n", 0), (b"", process.ORPHAN)], ids=["told", "orphaned"])
def test_a_child_hears_a_word_and_ends_without_a_parent(word: bytes, status: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None and child.stdout is not None and child.stderr is not None
        assert child.stdout.readline() == b"ready\n"
        child.stdin.write(word)
        child.stdin.flush()
        if not word:
            child.stdin.close()
        assert child.wait(60) == status
        assert child.stderr.read() == b""


@pytest.mark.parametrize(("status", "cause"), [(-9, "memory"), (137, "memory"), (-11, "killed"), (1, "crash")])
def test_the_end_of_a_child_is_explained(status: int, cause: str) -> None:
    found, sentence, advice = process.ending(status)
    assert found == cause
    assert str(abs(status) if cause != "memory" else 9) in sentence and advice
