"""What the terminal shows while a training goes on, of its networks above all, and which version answers at its end."""

from __future__ import annotations

from typing import Any

import pytest
from command_line import Shop

from trainwright.cli.progress import Screen
from trainwright.store.events import Event


def event(kind: str, message: str = "", **data: Any) -> Event:
    return Event(run_id=1, attempt=1, seq=1, at=0.0, kind=kind, state=None, message=message, data=data)


def test_choices_of_every_network_are_told_once_with_their_reason(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(quiet=False, started=0.0)
    steps = [{"name": "neural_network", "reason": "asked for by name"}, {"name": "tabular_net", "reason": "more"}]
    screen.event(event("plan", steps=steps, folds=2))
    for trial in ("neural_network", "tabular_net"):
        for fold in (0, 1, 0):  # once more where other seeds are measured
            screen.event(event("choice", "learning_rate: 0.002 (range test)", trial=trial, fold=fold))
            screen.event(event("epoch", "Epoch 1/9", trial=trial, fold=fold))
    lines = capsys.readouterr().out.splitlines()
    chose = [line for line in lines if "chose" in line]
    assert chose == [f"  {name} chose learning_rate: 0.002 (range test)" for name in ("neural_network", "tabular_net")]
    # Epochs are followed of what was asked for alone.
    assert {line for line in lines if "Epoch" in line} == {"  neural_network, first fold: Epoch 1/9"}


def test_what_the_time_is_too_short_for_is_said_before_the_first_fit(capsys: pytest.CaptureFixture[str]) -> None:
    left_out = "text_embedding is left out: about 60 s, 14 s are left"
    reasons = [left_out, "forest: 30 rounds instead of 100, which is what the time limit affords"]
    Screen(quiet=False, started=0.0).event(event("plan", steps=[], folds=2, reasons=reasons, too_long=[left_out]))
    assert capsys.readouterr().out == f"  {left_out}; give more time (--time-limit)\n"


@pytest.mark.parametrize(
    ("active", "said"),
    [
        ("v1", "  trainwright versions list shop"),
        ("v0", "v0 stays active until v1 is activated."),
        (None, "No version answers until v1 is activated."),
    ],
)
def test_which_version_answers_is_said_at_the_end(
    active: str | None, said: str, trained: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    Screen(quiet=False, started=0.0).result({**trained.document, "active": active})
    lines = capsys.readouterr().out.splitlines()
    assert said in lines
    assert ("  trainwright versions activate shop@v1" in lines) == (active != "v1")
