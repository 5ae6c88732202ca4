"""Tests of exported language models: tokens and vectors without torch, in the folder and beside an ONNX file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from export_maker import TARGETS, schema_of

from trainwright.data.columns import Layout
from trainwright.errors import UserError
from trainwright.models.families import families
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.export.folder.model import Model
from trainwright.packages.export.int8 import in_int8, measured
from trainwright.packages.export.members import texts
from trainwright.packages.export.onnx_export import input_kinds, run_onnx, write_onnx
from trainwright.packages.export.pipeline import pipeline
from trainwright.packages.export.precision import in_full
from trainwright.packages.export.standalone import write_folder
from trainwright.packages.predictor import Predictor
from trainwright.packages.reference import reference_values
from trainwright.packages.verify import check_package
from trainwright.packages.write import Member, write_package

for library in ("torch", "transformers", "onnxscript", "onnxruntime"):
    pytest.importorskip(library)

N = 80
PARTS, BAD = ("pump", "valve", "motor, large", "fan"), ("leaks oil", "is broken", "makes a loud noise")


def rows() -> tuple[pl.DataFrame, np.ndarray]:
    """Notes on machines with a number and a category, some of them empty or long; and whether they tell of trouble."""
    rng = np.random.default_rng(3)
    bad = rng.integers(0, 2, N)
    notes = [f"the {rng.choice(PARTS)} {rng.choice(BAD) if b else 'runs well'} today" for b in bad]
    notes[3], notes[7] = "", " and so on" * 60
    frame = pl.DataFrame(
        {"size": rng.normal(10, 3, N), "colour": rng.choice(["red", "green"], N), "note": notes, "remark": notes[::-1]}
    )
    kinds = pl.when(pl.int_range(N) % 9 == 2).then(None).otherwise(pl.col("size")).alias("size")
    return frame.with_columns(kinds), bad


def package(folder: Path, names: dict[str, dict], base: Path, task: str = "two", columns: tuple[str, ...] = ()):
    """A package of these families with these settings, and the rows as it takes them."""
    frame, y = rows()
    frame = frame.select(columns or frame.columns)
    schema = schema_of(frame.drop("remark", strict=False))
    if "remark" in frame.columns:
        frame = frame.drop("remark")
    target = TARGETS[task]
    layout = Layout.learn(frame, schema)
    encoded = layout.encode(frame)
    answer = y.astype(np.float64) * 3 + 1 if task == "number" else y
    members = []
    for name, settings in names.items():
        estimator = families()[name].load()(target, {"base_model": str(base), **settings})
        estimator.fit(encoded, answer, seed=1)
        members.append(Member(name, name, None, 1.0, estimator))
    folder.mkdir()
    reference = reference_values(encoded)
    write_package(folder, target=target, schema=schema, layout=layout, members=members, reference=reference)
    checked = check_package(folder)
    ensemble = Ensemble(checked)
    in_full(ensemble)
    predictor = Predictor(checked, ensemble)
    return checked, predictor, pipeline(checked, ensemble), predictor.conform(frame)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base model that has read nothing."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "models" / "text"))
    try:
        from text_rows import tiny_base
    finally:
        sys.path.pop(0)
    return tiny_base(tmp_path_factory.mktemp("base"))


BOTH = {"text_embedding": {}, "text_transformer": {"epochs": 1, "max_tokens": 16, "early_stopping": False}}


@pytest.fixture(scope="module")
def made(base: Path, tmp_path_factory: pytest.TempPathFactory):
    """Both families over a text, a number and a category, written in both forms."""
    place = tmp_path_factory.mktemp("made")
    checked, predictor, pipe, given = package(place / "package", BOTH, base)
    for name in ("folder", "onnx"):
        (place / name).mkdir()
    write_folder(place / "folder", pipe, checked, "notes@v1")
    write_onnx(place / "onnx" / "model.onnx", pipe, "notes@v1", "0.1.0")
    return place, predictor, pipe, given


def test_the_folder_answers_as_the_version_does(made):
    place, predictor, pipe, given = made
    found = Model(place / "folder").predict_raw({name: given.frame[name].to_list() for name in pipe.layout.names}, N)
    assert np.abs(found - predictor.predict_raw(given)).max() < 1e-5
    assert set((place / "folder" / "requirements.txt").read_text().split()) == {
        "numpy>=2.0,<3",
        "onnxruntime>=1.20,<2",
        "tokenizers>=0.20,<1",
    }
    assert "fine-tuned from the folder" in (place / "folder" / "README.md").read_text()


def test_the_graph_takes_tokens_and_answers_as_the_version_does(made):
    place, predictor, pipe, given = made
    found, labels = run_onnx(place / "onnx" / "model.onnx", pipe, given.frame)
    assert np.abs(found - predictor.predict_raw(given)).max() < 1e-5
    assert labels == predictor.predict(given.frame)["prediction"].to_list()
    inputs = input_kinds(pipe)
    # One tokenizer, two limits: the same file for both.
    assert list(inputs) == ["input_ids", "attention_mask", "input_ids_2", "attention_mask_2", "size", "colour"]
    assert sorted(path.name for path in (place / "onnx").glob("*.json")) == ["tokenizer.json"]


@pytest.mark.parametrize("form", ["onnx", "folder"])
def test_the_script_beside_it_needs_neither_trainwright_nor_torch(made, form, tmp_path):
    place, predictor, _, given = made
    frame = given.frame.head(20)
    frame.write_csv(tmp_path / "rows.csv")
    alone = (
        "import runpy, sys\n"
        "for name in ('trainwright', 'torch', 'transformers', 'polars'): sys.modules[name] = None\n"
        "sys.argv = sys.argv[1:]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    )
    script, out = place / form / "predict.py", tmp_path / "out.json"
    command = [sys.executable, "-I", "-B", "-c", alone, str(script), str(tmp_path / "rows.csv"), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told, ours = json.loads(out.read_text()), predictor.predict(frame)
    assert [row["prediction"] for row in told] == ours["prediction"].to_list()
    assert np.allclose([row["probability_yes"] for row in told], ours["probability_yes"].to_numpy(), atol=1e-5)


def test_a_text_alone_and_a_number(base, tmp_path):
    settings = {"text_transformer": {"epochs": 1, "early_stopping": False}}
    checked, predictor, pipe, given = package(tmp_path / "package", settings, base, "number", ("note",))
    write_folder(_new(tmp_path / "out"), pipe, checked, "notes@v1")
    ours = predictor.predict_raw(given)
    folder = Model(tmp_path / "out").predict_raw({"note": given.frame["note"].to_list()}, N)[:, 0]
    write_onnx(tmp_path / "m.onnx", pipe, "notes@v1", "0.1.0")
    onnx, _ = run_onnx(tmp_path / "m.onnx", pipe, given.frame)
    assert np.abs(folder - ours).max() < 1e-4 and np.abs(onnx - ours).max() < 1e-4


def test_counted_words_beside_a_language_model_are_still_refused_in_onnx(base, tmp_path, monkeypatch):
    monkeypatch.setattr(texts, "_encoder", lambda encoder, tokens: b"")  # nobody comes to read it
    frame, y = rows()
    schema = schema_of(frame.drop("remark"))
    layout = Layout.learn(frame.drop("remark"), schema)
    encoded = layout.encode(frame.drop("remark"))
    members = []
    for name, settings in {"linear": {}, "text_embedding": {"base_model": str(base)}}.items():
        estimator = families()[name].load()(TARGETS["two"], settings)
        members.append(Member(name, name, None, 1.0, estimator.fit(encoded, y, seed=1)))
    reference = reference_values(encoded)
    folder = _new(tmp_path / "package")
    write_package(folder, target=TARGETS["two"], schema=schema, layout=layout, members=members, reference=reference)
    checked = check_package(folder)
    with pytest.raises(UserError, match=r"the member 'linear' .*the words of the free text in column 'note'"):
        write_onnx(tmp_path / "m.onnx", pipeline(checked, Ensemble(checked)), "notes@v1", "0.1.0")


def test_an_encoder_in_eight_bits_is_smaller_and_answers_nearly_alike(made, tmp_path):
    place, predictor, pipe, given = made
    less = in_int8(pipe)
    write_onnx(tmp_path / "model.onnx", less, "notes@v1", "0.1.0")
    before, after = (predictor.predict_raw(given), run_onnx(tmp_path / "model.onnx", less, given.frame)[0])
    sizes = tuple(path.stat().st_size for path in (place / "onnx" / "model.onnx", tmp_path / "model.onnx"))
    found = measured(pipe.target, 0.5, rows()[1], before, after, sizes, (1.0, 0.5))
    assert 0 < found.difference < 0.1 and found.bytes_after < found.bytes_before
    assert abs(found.before - found.after) < 0.1 and "on 80 rows" in found.text


def _new(folder: Path) -> Path:
    folder.mkdir()
    return folder
