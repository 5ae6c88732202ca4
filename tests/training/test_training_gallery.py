"""A version's language model, published in the gallery of its workspace, is what other trainings begin from."""

from __future__ import annotations

import json
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from test_training_texts import TINY, asked, notes
from training_runs import new_workspace, run_here

from trainwright.cli.gallery import COMMAND
from trainwright.errors import UserError
from trainwright.models.text.base import fingerprint, resolve
from trainwright.packages.export.export import export_version
from trainwright.packages.gallery import entries, publish_base
from trainwright.store.files import ARTIFACTS
from trainwright.store.sweep import sweep
from trainwright.store.workspace import Workspace
from trainwright.training.base_overlap import seen_by_base
from trainwright.training.prepare import look_first
from trainwright.training.table import understand
from trainwright.training.text_models import folder_of, with_folders

pytestmark = pytest.mark.skipif(
    find_spec("transformers") is None, reason='pip install "trainwright[neural]" brings torch and transformers'
)


def learned(**more: Any) -> Any:
    given = {"text_transformer": TINY | {"epochs": 2}, "forest": {"n_estimators": 3, "max_depth": 1}}
    given |= {"linear": {"C": 1e-6}}
    wanted = {"training__families": ("text_transformer",), "training__metric": "log_loss", **more}
    return asked(training__family_settings=given, **wanted)


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with demo@v1, a small transformer, and trees@v1, which has none."""
    workspace = new_workspace(tmp_path_factory.mktemp("gallery"))
    _, result = run_here(workspace, notes(120), learned())
    assert result["leaderboard"][0]["name"] == "text_transformer"
    run_here(workspace, notes(60), asked(project="trees", training__families=("forest",)))
    return workspace


def told(workspace: Workspace, *words: str) -> Any:
    found = CliRunner().invoke(COMMAND, [*words, "--workspace", str(workspace.path)], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return json.loads(found.output) if "--json" in words else found.output


def test_a_published_model_is_listed_with_its_licence_and_trainings_begin_from_it(space: Workspace) -> None:
    said = told(space, "publish", "demo", "--name", "machines")
    assert "machines: the language model of demo@v1, trained from scratch" in said and "--base-model machines" in said
    row = next(row for row in told(space, "list", "--json") if row["name"] == "machines")
    assert row["published_from"] == "demo@v1" and row["offline"] and "trained from scratch" in row["licence"]
    assert (row["layers"], row["width"]) == (2, 32) and row["parameters"] > 10_000
    shown = told(space, "show", "machines")
    assert "Published from: demo@v1" in shown and "Works without a network: yes" in shown and "hub" not in shown
    # What is there is whole, stays when nothing else names it, and is what a training gets.
    sweep(space, now=time.time() + 10_000)
    found = with_folders(space, {"text_transformer": {"base_model": "machines"}})["text_transformer"]["base_model"]
    base = resolve(found)
    assert (base.width, base.model_type) == (32, "bert")
    assert fingerprint(Path(found)) == fingerprint(folder_of(space, "demo@v1"))
    given = {"text_embedding": {"base_model": "machines"}}
    wanted = {"training__families": ("text_embedding",), "training__family_settings": given, "project": "next"}
    _, result = run_here(space, notes(60, seed=4), asked(**wanted))
    assert "text_embedding" in [row["name"] for row in result["leaderboard"]]


def test_what_cannot_be_published_is_refused_with_nothing_left(space: Workspace) -> None:
    known = set(entries(space))
    for version, name, words in [
        ("trees", None, "trees@v1 has no fine-tuned language model to publish; its members are"),
        ("demo", "minilm", "the gallery has a base model 'minilm' already"),
        ("demo", "none", "'none' cannot be the name"),
        ("demo", "a/b", "'a/b' cannot be the name"),
        ("demo", "demo@v1", "'demo@v1' cannot be the name"),
        ("demo@v7", None, "no version v7"),
    ]:
        with pytest.raises(UserError, match=words):
            publish_base(space, version, name)
    entry = publish_base(space, "demo@v1")
    assert entry.model.name == "demo-v1"
    with pytest.raises(UserError, match=r"the workspace has, from demo@v1, a base model 'demo-v1' already"):
        publish_base(space, "demo@v1")
    assert set(entries(space)) == known | {"demo-v1"}
    assert len(list((space.path / ARTIFACTS / "base_model").iterdir())) == len(known) + 1


def test_a_name_that_nobody_knows_is_refused_with_what_there_is(space: Workspace) -> None:
    chosen = learned(training__base_model="machnes", project="other")
    publish_base(space, "demo@v1", "machinery")
    with pytest.raises(UserError, match=r"no base model 'machinry'.*did you mean 'machinery'") as caught:
        with_folders(space, {"text_transformer": {"base_model": "machinry"}})
    assert "machinery" in str(caught.value.remedy)
    given = chosen.training.model_copy(update={"family_settings": {"text_transformer": {"base_model": "machnes"}}})
    with pytest.raises(UserError, match="no base model 'machnes'"):
        look_first(notes(60), chosen.model_copy(update={"training": given}))


def test_files_that_are_gone_are_no_entry(space: Workspace) -> None:
    entry = publish_base(space, "demo@v1", "lost")
    (entry.folder / "gallery.json").rename(entry.folder / "elsewhere.json")
    assert "lost" not in entries(space)
    (entry.folder / "elsewhere.json").rename(entry.folder / "gallery.json")


def test_a_base_that_has_learned_from_the_texts_of_the_table_is_said(space: Workspace) -> None:
    def told_of(rows: Any, base: str, **more: Any) -> list[str]:
        wanted = asked(**{"training__families": ("text_transformer",), "training__base_model": base, **more})
        return [note.message for note in seen_by_base(space, understand(rows, wanted), wanted)]

    (same,) = told_of(notes(120), "demo@v1")
    assert "the base model demo@v1 learned from" in same and "flatter what begins from it" in same
    publish_base(space, "demo@v1", "seen")
    assert "the base model seen learned from" in told_of(notes(120), "seen")[0]
    other = notes(60).with_columns(pl.concat_str(pl.lit("elsewhere "), "note").alias("note"))
    assert told_of(other, "demo@v1") == told_of(notes(120), "none") == []
    assert told_of(notes(120), "demo@v1", training__families=("forest",)) == []


def test_a_fine_tuned_version_is_exported_whole_and_in_eight_bits(space: Workspace, tmp_path: Path) -> None:
    for library in ("onnxscript", "onnxruntime"):
        pytest.importorskip(library)
    with pytest.raises(UserError, match=r"reads the text 'note', whose tokenizer lies beside it.*folder"):
        export_version(space, "demo@v1", "onnx", tmp_path / "demo.onnx")
    assert not list(tmp_path.iterdir())
    found = export_version(space, "demo@v1", "onnx", tmp_path / "out", int8=True)
    assert found["parity"]["worst"] < 1e-5 and {"tokenizer.json", "predict.py", "README.md"} < set(found["files"])
    short = found["int8"]
    assert short["bytes_after"] < short["bytes_before"] and 0 < short["rows"] < 120  # never those of the sealed test
    assert json.loads((tmp_path / "out" / "export.json").read_text())["int8"] == short
