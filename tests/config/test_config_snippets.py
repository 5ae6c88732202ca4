"""Every configuration that the documentation of this way of training prints is accepted unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from trainwright.config.effects import effects
from trainwright.config.resolve import resolve_families, resolve_split
from trainwright.config.source import load_settings
from trainwright.errors import EnvironmentProblem

SNIPPETS = sorted((Path(__file__).parent / "snippets").glob("*.yaml"))


def _leaves(name: str) -> dict[str, object]:
    """The keys of a snippet as plain YAML reads them, without their block."""
    plain = yaml.safe_load((Path(__file__).parent / "snippets" / f"{name}.yaml").read_text())
    flat: dict[str, object] = {}
    for key, value in plain.items():
        flat |= value if isinstance(value, dict) else {key: value}
    return flat


def test_the_snippets_are_there() -> None:
    assert len(SNIPPETS) == 17


@pytest.mark.parametrize("path", SNIPPETS, ids=lambda path: path.stem)
def test_a_snippet_is_accepted_and_every_value_arrives(path: Path) -> None:
    settings = load_settings(path)
    for key, value in _leaves(path.stem).items():
        block = settings.training if hasattr(settings.training, key) else settings.data
        arrived = getattr(block, key)
        if key == "train_file":
            assert arrived == str(path.parent / str(value))
        else:
            assert arrived == (tuple(value) if isinstance(value, list) else value), key
    assert len(settings.origins) == len(_leaves(path.stem))


def test_the_template_gives_65_20_15_and_says_so() -> None:
    choice = resolve_split(load_settings(SNIPPETS[[p.stem for p in SNIPPETS].index("template")]))
    assert choice.shares == (0.65, 0.2, 0.15)
    assert "65/20/15" in choice.reason
    assert "line 10" in choice.reason


def test_the_split_snippet_gives_60_20_20() -> None:
    choice = resolve_split(load_settings(Path(__file__).parent / "snippets" / "split.yaml"))
    assert choice.shares == (0.6, 0.2, 0.2)


def test_the_template_asks_for_a_network_that_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(Path(__file__).parent / "snippets" / "template.yaml")
    assert resolve_families(settings) == ("neural_network",)
    monkeypatch.setattr("trainwright.config.resolve.networks_here", lambda: False)
    with pytest.raises(EnvironmentProblem) as caught:
        resolve_families(settings)
    assert "pip install 'trainwright[neural]'" in str(caught.value)
    assert "template.yaml line 3" in str(caught.value)
    assert caught.value.exit_code == 3
    assert effects(settings) == []


@pytest.mark.parametrize("path", [p for p in SNIPPETS if p.stem.startswith("scenario")], ids=lambda p: p.stem)
def test_a_preset_of_the_same_name_holds_the_printed_values(path: Path) -> None:
    preset = {
        "scenario_quick_prototype": "quick",
        "scenario_balanced": "balanced",
        "scenario_production_ready": "production",
        "scenario_limited_data": "limited-data",
    }[path.stem]
    settings = load_settings(text=f"preset: {preset}")
    for key, value in _leaves(path.stem).items():
        assert getattr(settings.training, key) == value
        assert settings.origin(f"training.{key}") == f"preset {preset}"


def test_keys_of_a_network_without_one_are_said_to_change_nothing() -> None:
    settings = load_settings(Path(__file__).parent / "snippets" / "overfitting.yaml")
    (note,) = effects(settings, ["lightgbm", "linear"])
    assert "dropout (overfitting.yaml line 2)" in note
    assert "patience" in note
    assert "change nothing" in note
    assert resolve_families(settings) is None
