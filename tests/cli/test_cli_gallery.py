"""`trainwright gallery`: every base model with its licence and where it is found, and what to do where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from trainwright.cli.gallery import COMMAND
from trainwright.errors import UserError


def test_the_gallery_says_what_each_model_needs_and_where_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    told = json.loads(CliRunner().invoke(COMMAND, ["list", "--json"]).output)
    bert = next(model for model in told if model["name"] == "bert")
    assert (bert["licence"], bert["offline"], bert["folder"]) == ("Apache-2.0", False, None)
    assert bert["predicting_gb"] < bert["training_gb"] and "google-bert/bert-base-uncased" in bert["how_to_get"]
    shown = CliRunner().invoke(COMMAND, ["show", "bert"]).output
    assert "Works without a network: not yet" in shown and "440 MB" in shown


def test_an_unknown_model_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'roberta'"):
        CliRunner().invoke(COMMAND, ["show", "robert"], catch_exceptions=False)


def test_a_workspace_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no workspace"):
        CliRunner().invoke(COMMAND, ["list", "--workspace", str(tmp_path / "nowhere")], catch_exceptions=False)
