"""The figure of losses by epoch marks the best epoch and shades what came after it."""

from __future__ import annotations

from typing import Any

from trainwright.evaluate.convergence import judge_document
from trainwright.evaluate.figures_growth import loss_curve


def drawn(training: list[float], validation: list[float], *, kept: int, tail: dict[str, Any] | None = None) -> Any:
    """The figure of a network's curve with its verdict, as a result document has it."""
    curve: dict[str, Any] = {
        "name": "neural_network",
        "fold": 0,
        "unit": "epoch",
        "loss": "Log-loss",
        "steps": list(range(1, len(training) + 1)),
        "training": training,
        "validation": validation,
        "kept": kept,
        "tail": tail,
    }
    figure = loss_curve({"curves": [{**curve, "verdict": judge_document(curve).to_json()}]})
    assert figure is not None
    return figure


def spans(figure: Any) -> list[tuple[str, float, float]]:
    return [(shape["type"], shape["x0"], shape["x1"]) for shape in figure["layout"]["shapes"]]


LEARNED, TURNS = [0.7, 0.5, 0.4, 0.3, 0.2, 0.1], [0.72, 0.6, 0.55, 0.6, 0.7, 0.9]


def test_the_region_of_overfitting_is_shaded_from_the_best_epoch_on() -> None:
    figure = drawn(LEARNED, TURNS, kept=6)
    assert spans(figure) == [("line", 3, 3), ("rect", 3, 6)]
    assert "Overfitting" in str(figure) and "The dashed line is epoch 3;" in str(figure)


def test_epochs_that_an_early_stop_went_back_from_are_shaded_too() -> None:
    figure = drawn(LEARNED, TURNS, kept=3)
    assert spans(figure) == [("line", 3, 3), ("rect", 3, 6)]
    assert "Overfitting" not in str(figure)  # what was not kept harms nobody


def test_rounds_beyond_the_curve_are_shaded_to_their_end() -> None:
    figure = drawn(LEARNED[:3], TURNS[:3], kept=3, tail={"steps": [4, 5], "validation": [0.6, 0.7]})
    assert spans(figure) == [("line", 3, 3), ("rect", 3, 5)]
    assert [trace["name"] for trace in figure["data"]][-1] == "not kept"


def test_a_curve_that_was_kept_to_its_end_is_not_shaded() -> None:
    figure = drawn([0.7, 0.5, 0.4, 0.4, 0.4, 0.4], [0.72, 0.55, 0.5, 0.5, 0.5, 0.5], kept=6)
    assert spans(figure) == [] and "shaded" not in str(figure)
