"""Where a family was asked for by name and another one is chosen, a line beside the verdict says so and why."""

from __future__ import annotations

from typing import Any

import pytest

from trainwright.evaluate.asked_words import passed_over
from trainwright.evaluate.report import report_parts

WHY = "it has the best mean accuracy over the folds; having been chosen among 5 on these rows flatters its figure"


def result(
    selected: str, *asked: str, weights: dict[str, float] | None = None, state: str = "finished"
) -> dict[str, Any]:
    figures = {"linear": 0.95, "neural_network": 0.55, "tabular_net": 0.6, "forest": 0.9}
    return {
        "metric": "accuracy",
        "target": {"column": "y"},
        "selected": selected,
        "weights": weights or {selected: 1.0},
        "leaderboard": [{"name": name, "metrics": {"accuracy": value}} for name, value in figures.items()],
        "comparison": {"reason": WHY},
        "plan": {
            "trials": [
                *({"name": name, "reason": "always there", "state": "finished"} for name in ("linear", "forest")),
                *({"name": name, "reason": "asked for by name", "state": state} for name in asked),
            ]
        },
    }


def test_a_simpler_model_in_place_of_what_was_asked_for_is_said_with_both_figures() -> None:
    line = "neural_network was asked for; linear is chosen, because it has the best mean accuracy over the folds"
    assert passed_over(result("linear", "neural_network")) == f"{line} (95\u00a0% against 55\u00a0%)."
    assert report_parts(result("linear", "neural_network"), {}).context["practice"][0].startswith(line)


def test_several_that_were_asked_for_share_a_sentence() -> None:
    line = passed_over(result("linear", "neural_network", "tabular_net"))
    assert line.startswith("neural_network and tabular_net were asked for; linear is chosen, because it has")


@pytest.mark.parametrize(
    "document",
    [
        result("neural_network", "neural_network"),
        result("tabular_net", "tabular_net", "neural_network"),  # one of them is
        result("ensemble", "neural_network", weights={"linear": 0.5, "neural_network": 0.5}),
        result("linear", "neural_network", state="1 of 5 folds were done"),  # said as a warning
        result("linear"),
        {},
    ],
)
def test_nothing_is_said_where_it_is_chosen_or_part_of_it_or_was_not_finished(document: dict[str, Any]) -> None:
    assert passed_over(document) == ""
