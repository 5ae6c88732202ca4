"""Advice rests on evidence, names key, old and new value, and its command is one that the command line takes."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from trainwright.cli.train import COMMAND, overrides
from trainwright.config.source import load_settings
from trainwright.evaluate.advice import RULES, remedies
from trainwright.evaluate.command_line import train_command


def result(diagnosis: str, **more: Any) -> dict[str, Any]:
    """A result document of a chosen CatBoost, as far as advice reads it."""
    return {
        "project": "parts",
        "version": "v1",
        "source": "my parts.csv",
        "task": "classes",
        "target": {"column": "state of part"},
        "selected": "catboost",
        "weights": {"catboost": 1.0},
        "seed": 0,
        "leaderboard": [
            {"name": "catboost", "family": "catboost", "settings": {"iterations": 400}, "fold_scores": [0.9, 0.8, 0.7]},
            {"name": "linear", "family": "linear", "settings": {}, "fold_scores": [0.8, 0.8, 0.8]},
        ],
        "diagnosis": {"code": diagnosis, "text": "0.99 in training, 0.72 in validation"},
        "settings": {"data": {"target": "state of part"}, "training": {}},
        "origins": {},
        **more,
    }


IDENTIFIER = {"code": "TW105", "severity": "warning", "columns": ["part, id"], "message": "1 column tells rows apart."}


def changed(command: str) -> dict[str, Any]:
    """What the command line understands of a command: the settings it would train with."""
    words = shlex.split(command)
    assert words[:2] == ["trainwright", "train"]
    context = COMMAND.make_context("train", words[2:])
    given = {key: value for key, value in context.params.items() if key.startswith("flag_")}
    assert context.params["source"] == "my parts.csv"
    return load_settings(overrides=overrides(given)).to_json()


@pytest.mark.parametrize("code", [*RULES])
def test_every_command_is_taken_by_the_command_line_and_changes_its_key(code: str) -> None:
    document = result(
        code,
        convergence={"code": code, "text": "the curve", "kept": 400, "of": 400, "best_step": 120},
        findings=[
            {**IDENTIFIER, "columns": ["part_id"]},
            {"code": "TW201", "severity": "warning", "columns": ["repair_code"], "message": "It gives y away."},
            {"code": "TW402", "severity": "warning", "columns": ["lot"], "message": "Rows share lots."},
            {"code": "TW302", "severity": "note", "columns": [], "message": "One class outweighs another."},
        ],
        comparison={"simplest": "linear"},
        suspected_labels={"rows": [{"row": 3}]},
        budget={"limit_s": 60, "shortened": ["catboost: 400 rounds instead of 1000"]},
        size_curve={"skipped": "no time"},
        seed_stability={"skipped": "not asked for"},
    )
    found = remedies(document)
    assert found
    for remedy in found:
        assert remedy.because and remedy.text
        if remedy.key is None:
            continue
        assert remedy.old != remedy.new
        settings: Any = changed(remedy.command or "")
        for part in remedy.key.split("."):
            settings = settings[part]
        as_number = settings if not isinstance(settings, tuple) else list(settings)
        assert as_number == remedy.new or str(remedy.new).startswith(f"{as_number:g}" if settings else "-")


def test_overfitting_with_an_identifier_begins_with_the_identifier() -> None:
    found = remedies(result("overfitting", findings=[{**IDENTIFIER, "columns": ["part_id"]}]))
    assert (found[0].key, found[0].old, found[0].new) == ("data.ignore", [], ["part_id"])
    assert "tells rows apart" in found[0].because
    depth = next(r for r in found if r.code == "regularise")
    assert (depth.key, depth.old, depth.new) == ("training.family_settings.catboost.depth", 6, 4)
    assert "--family-setting catboost.depth=4" in (depth.command or "")


def test_advice_is_given_only_where_its_evidence_is() -> None:
    codes = {remedy.code for remedy in remedies(result("overfitting"))}
    assert codes.isdisjoint(
        {"ignore_identifiers", "ignore_leak", "stop_earlier", "more_rows", "simplest", "check_labels"}
    )
    grown = {"told": "gain", "text": "twice the rows would raise it by about 0.8 points (0.2 to 1.5)"}
    assert "more_rows" in {remedy.code for remedy in remedies(result("overfitting", size_curve=grown))}
    assert remedies(result("good")) == []


def test_a_curve_that_turns_says_where_to_stop() -> None:
    turned = {"code": "overfitting", "text": "after round 120 validation rises", "best_step": 120.0, "kept": 400}
    stop = next(r for r in remedies(result("good", convergence=turned)) if r.code == "stop_earlier")
    assert (stop.old, stop.new) == (400, 120) and "catboost.iterations=120" in (stop.command or "")


def test_settings_of_the_run_are_kept_and_those_of_a_preset_left_to_it() -> None:
    document = result("overfitting")
    document["settings"] = {
        "data": {"target": "state of part", "group": "lot", "kinds": {"code": "category"}, "folds": 3},
        "training": {"preset": "quick", "ensemble": False, "family_settings": {"catboost": {"rsm": 0.5}}},
    }
    document["origins"] = {"data.folds": "preset quick", "data.group": "--group"}
    words = shlex.split(train_command(document, {"training.family_settings.catboost.depth": 4}))
    assert "--folds" not in words and "--no-ensemble" in words
    for pair in (["--group", "lot"], ["--kind", "code=category"], ["--preset", "quick"]):
        assert words[words.index(pair[0]) + 1] == pair[1]
    assert [w for w in words if w.startswith("catboost.")] == ["catboost.rsm=0.5", "catboost.depth=4"]


def test_a_constant_answer_and_an_empty_document_get_no_settings() -> None:
    assert remedies({}) == []
    bare = result("underfitting", selected="baseline", weights={"baseline": 1.0})
    bare["leaderboard"] = [{"name": "baseline", "family": "baseline", "settings": {}, "fold_scores": [0.5]}]
    assert all("family_settings" not in str(remedy.key) for remedy in remedies(bare))


def test_steps_for_networks_are_those_of_the_guides() -> None:
    from trainwright.evaluate.advice_settings import neural

    steps = {key: (old, new) for key, old, new in neural({"settings": {"training": {"dropout": 0.1}}}, simpler=True)}
    assert steps["training.dropout"] == (0.1, 0.3)
    assert steps["training.l2_regularization"] == (None, 0.001)
    assert steps["training.layers"] == ([128, 64, 32], [64, 32])
    larger = list(neural({"settings": {"training": {"layers": [64, 32]}}}, simpler=False))
    assert larger == [("training.layers", [64, 32], [128, 64, 32])]
