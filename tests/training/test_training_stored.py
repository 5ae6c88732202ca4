"""A training on stored rows takes over what the run before said, except where it asks for something of its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from trainwright.config.source import load_settings
from trainwright.training.stored import inherit


def inherited(**given: Any) -> Any:
    """The search of a training on d1, whose earlier run stood on the winner of s3."""
    wanted = {"project": "adult", "data.version": "d1", **given}
    before = SimpleNamespace(
        settings={"data": {"target": "income"}, "search": {"winner_of": 3}},
        origins={"data.target": "--target", "search.winner_of": "argument search.winner_of"},
    )
    return inherit(load_settings(None, overrides=wanted, flags=False), before)  # type: ignore[arg-type]


def test_the_winner_of_an_earlier_search_stays() -> None:
    settings = inherited()
    assert settings.search.winner_of == 3 and settings.data.target == "income"


def test_a_new_search_takes_the_place_of_an_earlier_ones_winner() -> None:
    settings = inherited(**{"search.trials": 5})
    assert settings.search.asked and settings.search.winner_of is None
    assert [key for key in settings.origins if key.startswith("search.")] == ["search.trials"]
