"""Which curves a run keeps: those of what was chosen, then those of what the user asked for by name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from trainwright.data.schema import Target
from trainwright.evaluate.curve_choice import shown_curve
from trainwright.evaluate.figures_growth import loss_curve
from trainwright.tasks import task_for
from trainwright.training.curves import convergence, run_curves
from trainwright.training.steps import ASKED, Step

TARGET = Target("y", "number")


def trial(name: str, reason: str, losses: tuple[float, ...] = ()) -> Any:
    """A trial of one fold; with losses it learned by epochs."""
    steps = list(range(1, len(losses) + 1))
    curve = {"steps": steps, "training": losses, "validation": losses} if losses else None
    estimator = SimpleNamespace(iterations=len(losses) or None, curve=curve)
    fit = SimpleNamespace(fold=0, estimator=estimator, training_rows=np.arange(40))
    return SimpleNamespace(name=name, step=Step(name, name, reason=reason), fits={0: fit})


def measured(*trials: Any, chosen: str) -> tuple[list[dict[str, Any]], Any]:
    members = [one for one in trials if one.name == chosen]
    outcome: Any = SimpleNamespace(trials=list(trials), members=members, weights={chosen: 1.0})
    work: Any = SimpleNamespace(dataset=SimpleNamespace(y=np.linspace(0, 1, 40)), target=TARGET)
    work.score = lambda metric, rows, prediction: float(np.std(work.dataset.y[rows]))
    return run_curves(outcome, work, task_for(TARGET)), outcome


def test_a_network_that_was_asked_for_and_not_chosen_keeps_its_curve() -> None:
    net = trial("neural_network", ASKED, (0.3, 0.2, 0.1, 0.05))
    curves, outcome = measured(trial("linear", "a baseline"), net, chosen="linear")
    assert [curve["name"] for curve in curves] == ["neural_network"]
    assert curves[0]["unit"] == "epoch" and curves[0]["validation"] == [0.3, 0.2, 0.1, 0.05]
    assert convergence(curves, outcome) is None  # the verdict is about what was chosen, which learned in no rounds
    figure, shown = loss_curve({"curves": curves}), shown_curve({"curves": curves})
    assert figure is not None and "andidate neural_network, fold 1" in str(figure)
    assert shown is not None and shown["name"] == "neural_network"


@pytest.mark.parametrize("reason", ["strongest", "if time is left: its errors differ"])
def test_contenders_that_nobody_asked_for_leave_no_curve(reason: str) -> None:
    curves, _ = measured(trial("linear", ""), trial("lightgbm", reason, (0.3, 0.2)), chosen="linear")
    assert curves == []


def test_what_was_chosen_comes_first() -> None:
    net, other = (trial(name, ASKED, (0.3, 0.2, 0.1)) for name in ("neural_network", "tabular_net"))
    curves, outcome = measured(net, other, chosen="tabular_net")
    assert [curve["name"] for curve in curves] == ["tabular_net", "neural_network"]
    found = convergence(curves, outcome)
    assert found is not None and found["name"] == "tabular_net"
