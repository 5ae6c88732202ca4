"""Tasks: names of metrics, decisions, combining, and metrics of the user's own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.metrics import f1_score, fbeta_score

from trainwright.data.schema import Target
from trainwright.errors import UserError
from trainwright.tasks import Classification, Regression, Task, metric_from, task_for

TWO = task_for(Target("income", "classes", ("<=50K", ">50K"), positive="<=50K"))
THREE = task_for(Target("kind", "classes", ("a", "b", "c")))
NUMBER = task_for(Target("price", "number"))


def test_the_target_names_the_task_and_its_default_metric() -> None:
    assert isinstance(TWO, Classification) and TWO.default_metric().name == "roc_auc"
    assert THREE.default_metric().name == "log_loss"
    assert isinstance(NUMBER, Regression) and NUMBER.default_metric().name == "rmse"


@pytest.mark.parametrize(
    ("task", "asked", "meant"),
    [
        (TWO, "rocauc", "roc_auc"),
        (TWO, "F1-score", "f1"),
        (NUMBER, "RMSE", "rmse"),
        (THREE, "logloss", "log_loss"),
    ],
)
def test_an_unknown_metric_names_the_nearest(task: Task, asked: str, meant: str) -> None:
    with pytest.raises(UserError, match=f"'{asked}'.*did you mean '{meant}'"):
        task.metric(asked)


def test_a_metric_of_another_task_is_refused() -> None:
    with pytest.raises(UserError, match="does not exist for a target of numbers"):
        NUMBER.metric("roc_auc")
    with pytest.raises(UserError, match="does not exist for 3 classes"):
        THREE.metric("precision_at_recall_80")


def test_the_positive_class_need_not_be_the_last() -> None:
    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    assert TWO.decide(p).tolist() == [0, 1, 1]
    assert TWO.decide(p, threshold=0.3).tolist() == [0, 0, 1]
    assert TWO.at(0.3).decide(p).tolist() == [0, 0, 1]
    assert TWO.at(np.array([0.95, 0.1, 0.1])).decide(p).tolist() == [1, 0, 0]
    assert TWO.metrics["roc_auc"](np.array([0, 1, 1]), p) == 1.0
    assert TWO.at(0.3).metrics["recall"](np.array([0, 0, 1]), p) == 1.0
    assert TWO.metrics["recall"](np.array([0, 0, 1]), p) == 0.5


def test_combining_is_a_weighted_mean_that_stays_a_probability() -> None:
    a, b = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert TWO.combine([a, b], [3, 1]).tolist() == [[0.75, 0.25]]
    with pytest.raises(ValueError, match="weights"):
        TWO.combine([a, b], [0, 0])
    with pytest.raises(ValueError, match="as many weights"):
        TWO.combine([a, b], [1])


def test_a_prediction_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(n, 2\)"):
        TWO.check(np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"\(n,\)"):
        NUMBER.check(np.zeros((4, 1)))


def test_a_metric_from_scikit_learn_sees_labels_in_their_own_spelling() -> None:
    def rare_f1(y_true, y_pred):  # type: ignore[no-untyped-def]
        return f1_score(y_true, y_pred, pos_label="<=50K")

    p = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]])
    y = np.array([0, 0, 1])
    assert metric_from(rare_f1, TWO)(y, p) == TWO.metrics["f1"](y, p)

    def mine_error(y_true, y_pred):  # type: ignore[no-untyped-def]
        return 1 - fbeta_score(y_true, y_pred, beta=2, average="macro")

    metric = metric_from(mine_error, THREE)
    assert metric.name == "mine_error" and not metric.greater_is_better
    assert metric(np.array([0, 1, 2]), np.eye(3)) == 0


def test_losses_are_per_row_or_absent() -> None:
    y, p = np.array([0, 1]), np.array([[0.5, 0.5], [0.25, 0.75]])
    losses = TWO.losses(y, p, "log_loss")
    assert losses is not None
    assert losses.mean() == pytest.approx(TWO.metrics["log_loss"](y, p))
    assert TWO.losses(y, p, "roc_auc") is None


def test_metrics_need_no_learning_library() -> None:
    code = "import sys, trainwright.tasks, trainwright.evaluate.document; print('sklearn' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
