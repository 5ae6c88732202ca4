"""A version learns on: what it knew stays, what is new is learned, and figures come from rows that were not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.config.settings import Settings
from trainwright.config.source import load_settings
from trainwright.data.parts import read_development
from trainwright.errors import UserError
from trainwright.evaluate.sections import incremental as section
from trainwright.jobs import launch
from trainwright.packages.predictor import Predictor
from trainwright.store.datasets import get_split
from trainwright.store.runs import get_run
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.fitting import fit_fold
from trainwright.training.incremental_settings import refuse_others
from trainwright.training.material import Custom, load_material
from trainwright.training.prepare import check_base, prepare

ROUNDS = {"forest": {"n_estimators": 3}, "lightgbm": {"n_estimators": 20, "features": "plain"}}
LABELS = {"low": 0, "mid": 1, "high": 2}


def learn_on(**overrides: Any) -> Settings:
    """Settings of an incremental run of the project `demo`; two underscores stand for a dot."""
    given = {"project": "demo", "training.incremental": True, "training.time_limit": 600}
    given |= {key.replace("__", "."): value for key, value in overrides.items()}
    return load_settings(None, overrides=given, flags=False)


def first_version(folder: Path, frame: pl.DataFrame, **wanted: Any) -> tuple[Workspace, dict[str, Any]]:
    """A workspace with v1, made of one booster."""
    workspace = new_workspace(folder)
    chosen = settings(
        training__families=("lightgbm",), training__family_settings=ROUNDS, training__ensemble=False, **wanted
    )
    return workspace, run_here(workspace, frame, chosen)[1]


def nothing_written(workspace: Workspace) -> list[Any]:
    """How much the workspace holds."""
    return [rows_of(workspace, f"select count(*) from {name}") for name in ("run", "dataset_version", "sealed_key")]


def uneven(n: int, seed: int) -> pl.DataFrame:
    """Rows whose target only a booster finds: linear models must not be chosen."""
    frame = table(n, seed=seed).select(FEATURES)
    return frame.with_columns(y=pl.when((pl.col("a") * pl.col("b")) > 0).then(pl.lit("yes")).otherwise(pl.lit("no")))


@pytest.mark.usefixtures("sealed_here", "follow_here")
def test_a_booster_keeps_its_rounds_and_adds_more(tmp_path: Path) -> None:
    workspace, first = first_version(tmp_path, uneven(400, seed=0))
    assert first["selected"] == "lightgbm"
    prepared, second = run_here(workspace, uneven(120, seed=5), learn_on())
    found = second["incremental"]
    [member] = found["members"]
    assert second["version"] == "v2" and found["base"] == "demo@v1"
    assert member["route"] == "continued" and member["learned_on"] == member["folds"] == 3
    assert member["rounds"] > member["rounds_before"] == 20
    assert found["recommendation"]["kind"] == "incremental"
    assert found["replayed"] < found["earlier_rows"] == 340
    sealed = {part: found["sealed"][part]["n_rows"] for part in ("old", "new")}
    assert sealed == {"old": 60, "new": found["new_sealed"]} and second["n_rows"]["test"] == sum(sealed.values())
    assert {one["class"] for one in found["forgetting"]} == {"no", "yes"}
    assert rows_of(workspace, "select json_extract(details, '$.base_model') from version order by number") == [
        (None,),
        ("demo@v1",),
    ]
    # One look at the sealed rows, old and new together.
    assert rows_of(workspace, "select count(*), max(k) from test_opening") == [(2, 2)]
    again = launch.repeat(workspace, second["run"])
    assert again["package"]["sha256"] == second["package"]["sha256"] and again["version"] is None
    page = Path(second["report"]).read_text("utf-8")
    assert section.HEADING in page and "learned on from" in page
    assert any(note.code == "recommendation" for note in prepared.table.notes)


@pytest.mark.usefixtures("sealed_here")
def test_a_held_out_row_is_unknown_to_the_model_that_is_judged_on_it(tmp_path: Path) -> None:
    """Neither the base's fold model nor the one that learns on from it has seen the label."""
    workspace, _ = first_version(tmp_path, uneven(300, seed=0))
    prepared = prepare(workspace, uneven(100, seed=5), learn_on())
    with read(workspace) as connection:
        base = get_split(connection, get_run(connection, 1).split_id or 0)
    earlier, before, _ = read_development(workspace, base)
    material = load_material(workspace, prepared.run.id, 0.0, Custom())
    work, n_old = material.work, int(material.work.continuing.old.sum())  # type: ignore[union-attr]
    places = {row: at for at, row in enumerate(earlier.rows())}
    old = np.array([places[row] for row in material.frame.head(n_old).rows()])
    for fold, of in zip(work.folds, before.folds):
        replayed = fold.validation[fold.validation < n_old]
        assert len(replayed) and np.isin(old[replayed], of.validation).all()
        assert np.isin(old[fold.train[fold.train < n_old]], of.train).all()
        assert (fold.validation >= n_old).any() and not np.intersect1d(fold.train, fold.validation).size
    held = work.folds[0].validation
    y = work.dataset.y.copy()
    y[held] = 1 - y[held]
    turned = replace(work, dataset=replace(work.dataset, y=y))
    step = next(step for step in material.plan.steps if step.name == "lightgbm")
    fits = [fit_fold(step, 0, given, lambda event: None) for given in (work, turned)]
    assert np.array_equal(fits[0].prediction, fits[1].prediction)


@pytest.mark.usefixtures("sealed_here")
def test_a_new_class_comes_after_the_old_ones_and_is_found(tmp_path: Path) -> None:
    frame = table(600, classes=3).select(FEATURES)
    workspace, _ = first_version(tmp_path, frame.filter(pl.col("y") != "high"))
    new = table(240, seed=7, classes=3).select(FEATURES)
    _, second = run_here(workspace, new, learn_on())
    found = second["incremental"]
    assert second["target"]["classes"] == ["low", "mid", "high"] and found["classes_added"] == ["high"]
    assert all("which finds high" in member["reason"] for member in found["members"])
    # The base cannot say "high": on new rows it must be far worse, on old ones "high" cannot be missed.
    assert found["new"]["verdict"] == "better" and found["held_out"]["rows_of_new_classes"] > 20
    assert {one["class"] for one in found["forgetting"]} == {"low", "mid"}
    package = Predictor.open(Path(second["package"]["path"]), expected_sha=second["package"]["sha256"])
    sure = pl.DataFrame({"a": [3.0, -3.0], "b": [1.0, -1.0], "kind": ["u", "u"]})
    assert package.predict(sure)["prediction"].to_list() == ["high", "low"]
    shown = section.view(second, {})
    assert "wrong by construction" in shown["new_classes"] and shown["memory"][0]["name"] == "low"


@pytest.mark.usefixtures("sealed_here")
def test_known_rows_are_left_out_and_corrected_labels_count(tmp_path: Path) -> None:
    old = uneven(300, seed=0)
    workspace, first = first_version(tmp_path, old)
    flip = pl.when(pl.int_range(pl.len()) < 30).then(pl.lit("no")).otherwise(pl.col("y"))
    prepared = prepare(workspace, pl.concat([old.with_columns(y=flip), uneven(60, seed=5)]), learn_on())
    grown = rows_of(workspace, "select json_extract(summary, '$.incremental.known_rows') from split order by id")
    assert grown == [(None,), (300,)]
    with read(workspace) as connection:
        split = get_split(connection, prepared.run.split_id or 0)
    found = (split.summary or {})["incremental"]
    development, _, _ = read_development(workspace, split)
    corrected = old.head(30).filter(pl.col("y") == "yes").select(FEATURES[:-1])
    again = development.join(corrected, on=FEATURES[:-1])
    assert found["corrected"] == again.height > 5 and again["y"].unique().to_list() == ["no"]
    assert any("another label" in reason for reason in found["recommendation"]["reasons"])
    assert first["n_rows"]["test"] == found["old_sealed"]


@pytest.mark.usefixtures("sealed_here")
def test_rows_of_a_known_group_stay_with_it(tmp_path: Path) -> None:
    frame = table(400).select([*FEATURES, "site"])
    workspace, _ = first_version(tmp_path, frame, data__group="site")
    prepared = prepare(workspace, table(200, seed=5).select([*FEATURES, "site"]), learn_on())
    material = load_material(workspace, prepared.run.id, 0.0, Custom())
    group = material.work.dataset.group
    assert group is not None
    for fold in material.work.folds:
        assert not np.intersect1d(group[fold.train], group[fold.validation]).size
    sealed = [
        set(pl.read_parquet(path)["site"]) for path in (workspace.path / "artifacts").rglob("test_features.parquet")
    ]
    learned = set(material.frame["site"])
    assert len(sealed) == 2 and not learned & set.union(*sealed)


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "missing column": (lambda f: f.drop("a"), {}, "1 column.* missing: 'a'"),
    "no labels": (lambda f: f.drop("y"), {}, "no column 'y'"),
    "numbers for labels": (lambda f: f.with_columns(y=pl.col("a")), {}, "labels of another kind"),
    "another target's labels": (
        lambda f: f.with_columns(y=pl.Series([f"k{i % 3}" for i in range(f.height)])),
        {},
        "no label in column 'y' is known",
    ),
    "no version of that number": (lambda f: f, {"training__base": "v7"}, "no version v7; it has: v1"),
    "another project's version": (lambda f: f, {"training__base": "other@v1"}, "no version of project 'demo'"),
    "another project": (lambda f: f, {"project": "else"}, "there is no project 'else'"),
    "another target": (lambda f: f, {"data__target": "a"}, "data.target is 'a'.* trained with 'y'"),
    "other families": (lambda f: f, {"training__families": ("catboost",)}, "members of the base learn on"),
    "a base without learning on": (
        lambda f: f,
        {"training__base": "v1", "training__incremental": False, "data__target": "y"},
        "the training is in full",
    ),
    "stored rows": (lambda f: f, {"data__version": "d1"}, "needs a file of new rows"),
    "another task's metric": (lambda f: f, {"training__metric": "rmse"}, "rmse"),
    "a decision over another column": (
        lambda f: f,
        {"decision__cost": {"fp": 1, "fn": 5}, "decision__by": "nowhere"},
        "nowhere",
    ),
    "nothing kept of old classes": (
        lambda f: f.with_columns(y=pl.lit("maybe")),
        {"training__replay": 0},
        "every other class would be forgotten",
    ),
}


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with v1, whose sealed test was never opened."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trainwright.jobs.attempt._open_sealed", lambda *given: None)
        return first_version(tmp_path_factory.mktemp("base"), uneven(200, seed=0))[0]


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_the_base_is_refused_and_nothing_is_written(ready: Workspace, case: str) -> None:
    change, given, words = WRONG[case]
    before = nothing_written(ready)
    with pytest.raises(UserError, match=words):
        prepare(ready, change(uneven(60, seed=5)), learn_on(**given))
    assert nothing_written(ready) == before


def test_a_file_without_a_new_row_is_refused(ready: Workspace) -> None:
    with pytest.raises(UserError, match="nothing to learn"):
        prepare(ready, uneven(200, seed=0).head(50), learn_on())


def test_what_only_learning_on_knows_is_refused_in_a_full_training() -> None:
    for key, value in {"training.base": "v1", "training.replay": 0.3}.items():
        given = load_settings(None, overrides={"project": "demo", key: value}, flags=False)
        with pytest.raises(UserError, match="the training is in full"):
            check_base(given)
        check_base(learn_on(**{key.replace(".", "__"): value}))
    check_base(load_settings(None, overrides={"project": "demo"}, flags=False))


@pytest.mark.parametrize("value", ["150%", "200%", "1.5", 1.5, "-3", "some"])
def test_what_is_neither_a_share_nor_a_number_of_rows_is_no_replay(value: Any) -> None:
    with pytest.raises(UserError, match=r"replay.* must be a"):
        refuse_others("new.csv", learn_on(training__replay=value))
    assert learn_on(training__replay="100%").training.replay == 1.0
    assert learn_on(training__replay=300).training.replay == 300


def test_a_project_without_a_version_is_trained_in_full_first(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    prepare(workspace, uneven(200, seed=0), settings())
    with pytest.raises(UserError, match=r"no version to learn on from.*train in full first"):
        prepare(workspace, uneven(60, seed=5), learn_on())


def test_fold_models_that_are_gone_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    monkeypatch.setattr("trainwright.jobs.attempt._open_sealed", lambda *given: None)
    workspace, _ = first_version(tmp_path, uneven(200, seed=0))
    shutil.rmtree(workspace.path / "artifacts" / "trial")
    with pytest.raises(UserError, match=r"fold models of lightgbm are not kept.*train in full"):
        prepare(workspace, uneven(60, seed=5), learn_on())
