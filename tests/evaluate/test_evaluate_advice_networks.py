"""Advice on networks names the steps of the guides, rests on what the training told, and reaches those not chosen."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from trainwright.cli.train import COMMAND, overrides
from trainwright.config.source import load_settings
from trainwright.engine.diagnosis import ADVICE
from trainwright.evaluate.advice import BY_EVENT, remedies
from trainwright.evaluate.advice_rules import Remedy
from trainwright.evaluate.next_try import next_tries
from trainwright.evaluate.report_findings import told_by_networks

NET = "neural_network"


def result(chosen: str, verdict: str, settings: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A result document of a network beside a linear model, with a verdict on the network's curve."""
    curve = {"name": more.pop("name", NET), "fold": 0, "kept": 5, "of": 50}
    curve["verdict"] = {"code": verdict, "text": "the curve says so"}
    family = more.pop("family", curve["name"])
    network = {"name": curve["name"], "family": family, "asked": True, "learning_rate": 0.04, "batch_size": 16}
    network |= {"events": more.pop("events", [])}
    return {
        "project": "parts",
        "version": "v1",
        "run": 3,
        "source": "parts.csv",
        "target": {"column": "y"},
        "selected": chosen,
        "weights": {chosen: 1.0},
        "n_rows": {"train": 4000},
        "leaderboard": [
            {"name": curve["name"], "family": family, "settings": settings, "fold_scores": [0.5, 0.5]},
            {"name": "linear", "family": "linear", "settings": {}, "fold_scores": [0.8, 0.8]},
        ],
        "diagnosis": {"code": "good", "text": "fine"},
        "convergence": curve["verdict"] | curve if chosen == curve["name"] else None,
        "curves": [curve],
        "networks": [network],
        "settings": {"data": {"target": "y"}, "training": {"model_type": NET}},
        "origins": {},
        **more,
    }


def changes(document: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        remedy.key.removeprefix("training."): (remedy.old, remedy.new) for remedy in remedies(document) if remedy.key
    }


def understood(remedy: Remedy) -> Any:
    """The value that the command line reads out of a remedy's command."""
    words = shlex.split(remedy.command or "")
    context = COMMAND.make_context("train", words[2:])
    given = {key: value for key, value in context.params.items() if key.startswith("flag_")}
    value: Any = load_settings(overrides=overrides(given)).to_json()
    for part in (remedy.key or "").split("."):
        value = value[part]
    return value


def test_a_flat_loss_is_given_a_rate_of_a_hundredth_and_larger_layers() -> None:
    found = changes(result(NET, "plateau", {"layers": "128, 64, 32"}))
    assert found["learning_rate"] == (0.001, 0.01) and found["layers"] == ([128, 64, 32], [256, 128, 64])


def test_a_loss_that_jumps_is_given_a_lower_rate_a_larger_batch_cut_gradients_and_a_warm_up() -> None:
    document = result(NET, "oscillating", {"learning_rate": 0.03, "optimizer": "adam"})
    found = changes(document)
    assert found["learning_rate"] == (0.03, 0.001) and found["gradient_clip"] == (None, 1.0)
    assert found["batch_size"] == (16, 128) and found["warmup_ratio"] == (0.0, 0.1)
    for remedy in remedies(document):
        if remedy.key is not None and remedy.key.startswith("training.") and not isinstance(remedy.new, list):
            assert understood(remedy) == remedy.new


def test_what_is_set_so_already_is_not_advised() -> None:
    calm = {"gradient_clip": 0.5, "batch_size": 256, "scheduler": "warmup_cosine"}
    assert set(changes(result(NET, "oscillating", calm))) & {"gradient_clip", "batch_size", "warmup_ratio"} == set()
    few = result(NET, "oscillating", {}, n_rows={"train": 300})
    assert changes(few)["batch_size"] == (16, 32)  # larger ones would leave an epoch a step or two


def test_a_slow_network_whose_epochs_the_limit_took_gets_larger_steps_and_fewer_units() -> None:
    assert changes(result(NET, "slow", {}))["batch_size"] == (16, 128)
    cut = {"limit_s": 60, "shortened": [f"{NET}: 12 epochs instead of 50, which is what the time limit affords"]}
    found = changes(result(NET, "converged", {"layers": "128, 64, 32"}, budget=cut))
    assert found["batch_size"] == (16, 128) and found["layers"] == ([128, 64, 32], [64, 32])
    assert changes(result(NET, "converged", {"layers": "128, 64, 32"})) == {}


@pytest.mark.parametrize("family", ["tabular_net", "text_transformer"])
def test_a_rate_that_the_family_found_itself_is_stepped_from(family: str) -> None:
    found = changes(result(family, "diverged", {}, name=family))
    assert found[f"family_settings.{family}.learning_rate"] == (0.04, 0.0133)


def test_what_the_training_told_itself_becomes_advice() -> None:
    told = [{"kind": "gradients_grow", "text": "the norm grew", "advice": ["clip_gradients"], "folds": 2}]
    document = result(NET, "converged", {}, events=told)
    assert changes(document) == {"gradient_clip": (None, 1.0)}
    assert told_by_networks(document) == [f"{NET} (2 folds): the norm grew."]
    assert {code for codes in ADVICE.values() for code in codes} == set(BY_EVENT)  # no code leads nowhere


@pytest.mark.parametrize(
    ("verdict", "rate", "events", "new"),
    [("plateau", 1e-7, ["raise_learning_rate"], 0.001), ("oscillating", 3.0, [], 0.001), ("converged", 0.1, [], None)],
)
def test_a_network_that_was_asked_for_and_not_chosen_gets_advice_on_its_settings(
    verdict: str, rate: float, events: list[str], new: float | None
) -> None:
    told = [{"kind": "dead", "text": "the loss stays at 0.69", "advice": events}] if events else []
    document = result("linear", verdict, {"learning_rate": rate}, events=told)
    found = remedies(document)
    if new is None:
        assert found == []
        return
    assert (found[0].key, found[0].old, found[0].new) == ("training.learning_rate", rate, new)
    assert found[0].text.startswith(f"{NET}: ") and found[0].because.startswith(
        f"{NET} was asked for and is not chosen"
    )
    document["diagnosis"]["remedies"] = [remedy.to_json() for remedy in found]
    assert next_tries(document)[0]["weak_point"] == f"the fit of {NET}"
    document["networks"][0]["asked"] = False
    assert remedies(document) == []


def test_a_setting_of_the_family_keeps_its_own_key() -> None:
    document = result(NET, "plateau", {"learning_rate": 0.0001})
    document["settings"]["training"]["family_settings"] = {NET: {"learning_rate": 0.0001}}
    assert f"family_settings.{NET}.learning_rate" in changes(document)


def test_another_activation_is_tried_where_the_rate_does_not_explain_a_dead_training() -> None:
    told = [{"kind": "dead", "text": "nothing is learned", "advice": ["other_activation"], "folds": 3}]
    document = result(NET, "converged", {"activation": "sigmoid"}, events=told)
    assert changes(document)["activation"] == ("sigmoid", "relu")
    assert changes(result(NET, "converged", {"learning_rate": 1e-7}, events=told)) == {}
    assert changes(result(NET, "converged", {"activation": "gelu"}, events=told)) == {}
