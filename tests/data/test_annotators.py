"""Agreement of several annotators: published figures, skipped rows, majority, and clear words."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from trainwright.config.source import load_settings
from trainwright.data.annotators import MADE, read_annotations, with_majority
from trainwright.data.label_quality.agreement import alpha_interval, interval_alpha, majority, nominal_alpha, pairs
from trainwright.errors import UserError
from trainwright.training.prepare import examine

# Krippendorff (2004), reliability data of four observers on twelve units; 0 is a skipped unit.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
        [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
    ]
).T


def test_alpha_is_the_published_one() -> None:
    assert nominal_alpha(PUBLISHED - 1) == pytest.approx(0.743, abs=5e-4)
    assert interval_alpha(np.where(PUBLISHED > 0, PUBLISHED, np.nan)) == pytest.approx(0.849, abs=5e-4)


def test_kappa_is_scikit_learns() -> None:
    from sklearn.metrics import cohen_kappa_score

    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, (200, 2))
    codes[:120, 1] = codes[:120, 0]
    assert pairs(codes, classes=True)[0].kappa == pytest.approx(cohen_kappa_score(codes[:, 0], codes[:, 1]))


def test_perfect_and_chance_agreement() -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 3, 2000)
    assert nominal_alpha(np.stack([truth, truth], axis=1)) == 1.0
    assert abs(nominal_alpha(rng.integers(0, 3, (2000, 3))) or 1.0) < 0.05
    assert nominal_alpha(np.zeros((10, 2), dtype=int)) is None  # one label only: nothing to agree on
    assert nominal_alpha(np.array([[0, -1], [-1, 1]])) is None  # no row was labelled twice


def test_the_interval_holds_alpha_and_narrows_with_rows() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 3000)
    codes = np.stack([np.where(rng.random(3000) < 0.2, 1 - truth, truth) for _ in range(3)], axis=1)
    few, many = alpha_interval(codes[:100], classes=True), alpha_interval(codes, classes=True)
    alpha = nominal_alpha(codes)
    assert few is not None and many is not None and alpha is not None
    assert many[0] < alpha < many[1]
    assert few[1] - few[0] > 3 * (many[1] - many[0])


def test_ties_and_unlabelled_rows_have_no_majority() -> None:
    answer, tie = majority(np.array([[0, 1, -1], [1, 1, 0], [-1, -1, -1]]), 2)
    assert answer.tolist() == [-1, 1, -1] and tie.tolist() == [True, False, False]


def people(n: int = 600, **errors: float) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    truth = rng.choice(["good", "bad"], n)
    columns = {
        name: np.where(rng.random(n) < error, np.where(truth == "good", "bad", "good"), truth)
        for name, error in errors.items()
    }
    return pl.DataFrame({"a": (truth == "good") * 2.0 + rng.normal(size=n), **columns})


def look(frame: pl.DataFrame, names: tuple[str, ...], **more: Any) -> dict[str, Any]:
    return examine(frame, load_settings(None, overrides={"data.annotators": names, **more}, flags=False))


def test_disagreement_is_a_warning_that_names_the_worst_pair() -> None:
    document = look(people(anna=0.05, ben=0.1, chris=0.45), ("anna", "ben", "chris"))
    finding = next(f for f in document["findings"] if f["code"] == "TW306")
    assert finding["severity"] == "warning" and "'chris'" in finding["message"]
    assert len(finding["evidence"]["pairs"]) == 3 and finding["evidence"]["disagreements"][0]["anna"] in ("good", "bad")
    roles = {c["name"]: c["role"] for c in document["schema"]}
    assert {roles[name] for name in ("anna", "ben", "chris")} == {"ignored"}
    assert document["target"]["column"] == MADE and roles[MADE] == "target"


def test_good_agreement_is_no_finding_and_ties_are_left_out() -> None:
    document = look(people(anna=0.02, ben=0.02), ("anna", "ben"))
    assert not [f for f in document["findings"] if f["code"] == "TW306"]
    assert document["rows"] < 600
    assert any("divided" in note["message"] for note in document["notes"])


def test_an_annotator_who_skipped_nearly_all_rows_is_named() -> None:
    frame = people(anna=0.02, ben=0.02, chris=0.02)
    frame = frame.with_columns(chris=pl.when(pl.int_range(600) < 20).then("chris"))
    finding = next(f for f in look(frame, ("anna", "ben", "chris"))["findings"] if f["code"] == "TW306")
    assert finding["severity"] == "note" and finding["columns"] == ["chris"]


def test_no_row_labelled_twice_is_said() -> None:
    frame = people(anna=0.0, ben=0.0)
    first = pl.int_range(600) % 2 == 0
    frame = frame.with_columns(anna=pl.when(first).then("anna"), ben=pl.when(~first).then("ben"))
    finding = next(f for f in look(frame, ("anna", "ben"))["findings"] if f["code"] == "TW306")
    assert finding["severity"] == "warning" and "No row was labelled by two" in finding["message"]


def test_numbers_take_the_median_and_squared_distance() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=300)
    frame = pl.DataFrame({"a": truth, "x": truth + 0.1, "y": truth, "z": truth + 50.0})
    made, name, note = with_majority(frame, ["x", "y", "z"])
    assert made[name].to_list() == pytest.approx((truth + 0.1).tolist()) and "median" in note.message
    assert any(f["code"] == "TW306" for f in look(frame, ("x", "y", "z"))["findings"])


def test_spellings_of_one_label_agree() -> None:
    found = read_annotations(pl.DataFrame({"x": [1, 0, 1], "y": ["1", "0", "?"]}), ["x", "y"])
    assert found.classes == ("0", "1") and found.values.tolist() == [[1, 1], [0, 0], [1, -1]]


@pytest.mark.parametrize(
    ("names", "words"),
    [(("anna", "bem"), "did you mean 'ben'"), (("anna", "empty"), "labelled no row")],
)
def test_wrong_annotators_are_refused(names: tuple[str, ...], words: str) -> None:
    frame = people(anna=0.1, ben=0.1).with_columns(empty=pl.lit(None, dtype=pl.String))
    with pytest.raises(UserError, match=words):
        look(frame, names)


def test_settings_refuse_one_annotator_and_a_target_among_them() -> None:
    for given in ({"data.annotators": ("anna",)}, {"data.annotators": ("anna", "ben"), "data.target": "ben"}):
        with pytest.raises(UserError, match="annotator"):
            load_settings(None, overrides=given, flags=False)
