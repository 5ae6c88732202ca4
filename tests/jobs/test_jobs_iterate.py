"""Tries: one setting changed, judged on the rows that both runs held out, kept only where that is proven."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.config.source import load_settings
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.jobs import iterate, launch
from trainwright.store.runs import get_run, save_document
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.training import run
from trainwright.training.budget import Budget
from trainwright.training.run_compare import compare_named
from trainwright.training.tuning.ground import base_run

pytestmark = pytest.mark.usefixtures("sealed_here", "follow_here")


def crossed(n: int = 900) -> pl.DataFrame:
    """Classes that no weighted sum tells apart and that a forest of three trees tells poorly."""
    rng = np.random.default_rng(3)
    a, b, c = rng.normal(size=(3, n))
    label = (a * b + 0.2 * rng.normal(size=n)) > 0
    return pl.DataFrame({"a": a, "b": b, "c": c, "y": np.where(label, "yes", "no")})


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tries")


@pytest.fixture
def poor(tmp_path: Path) -> tuple[Workspace, dict[str, Any]]:
    """A version whose forest has three trees."""
    workspace = new_workspace(tmp_path)
    return workspace, run_here(workspace, crossed(), settings())[1]


@pytest.fixture
def good(shared: Workspace, tmp_path: Path) -> tuple[Workspace, dict[str, Any]]:
    """A copy of a version that a weighted sum serves well."""
    shutil.copytree(shared.path, tmp_path / "workspace")
    workspace = new_workspace(tmp_path)
    with read(workspace) as connection:
        return workspace, get_run(connection, 1).result or {}


def openings(workspace: Workspace) -> int:
    return int(rows_of(workspace, "select count(*) from test_opening")[0][0])


def test_a_better_try_becomes_a_version_and_the_next_starts_from_it(poor: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, first = poor
    kept = iterate.try_setting(workspace, "demo", {"forest.n_estimators": "60"}, note="three trees are few")
    step = kept["iteration"]
    assert step["kept"] and kept["version"] == "v2" and "is better than that of v1" in step["reason"]
    assert step["comparison"]["low"] > 0
    assert step["changes"] == [
        {"key": "training.family_settings.forest.n_estimators", "old": 3, "new": 60, "origin": "--set"}
    ]
    assert kept["comments"] == "three trees are few"
    assert kept["dataset"] == first["dataset"] and kept["seed"] == first["seed"]
    assert openings(workspace) == 2 and kept["ledger"]["k"] == 2
    assert rows_of(workspace, "select distinct split_id from run") == [(1,)]
    # The active version is still v1; without a number the next try goes on from what was kept.
    assert kept["active"] == "v1"
    again = iterate.try_setting(workspace, "demo", {"training.ensemble": "false"})
    assert again["iteration"]["base"] == {"run": kept["run"], "version": "v2"}
    assert [entry["run"] for entry in again["iterations"]] == [kept["run"], again["run"]]
    assert again["iterations"][0]["version"] == "v2"
    page = Path(again["report"]).read_text(encoding="utf-8")
    assert "three trees are few" in page and "n_estimators=60" in page and "Log of tries" in page


def test_a_try_without_effect_is_dropped_and_never_sees_the_sealed_test(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, first = good
    assert first["selected"] == "linear"
    dropped = iterate.try_setting(workspace, "demo@v1", {"forest.n_estimators": 4})
    assert dropped["version"] is None and dropped["test"] is None and not dropped["iteration"]["kept"]
    assert "the change made no difference" in dropped["iteration"]["reason"]
    assert openings(workspace) == 1
    assert rows_of(workspace, "select count(*) from version") == [(1,)]
    # A second try from v1 is held to a stricter level; the ledger does the same with openings.
    second = iterate.try_setting(workspace, "demo@v1", {"training.class_weight": "balanced"})
    assert second["iteration"]["try"] == 2
    assert second["iteration"]["comparison"]["level"] == pytest.approx(0.975)
    assert "try 2 from v1" in second["iteration"]["rule"]
    compared = compare_named(workspace, ["demo@v1", str(second["run"])])
    assert [row["key"] for row in compared["settings"]] == ["training.class_weight"]
    assert compared["runs"][1]["name"] == f"run {second['run']}" and compared["runs"][1]["try"] == "dropped"
    assert compared["settings"][0]["origins"] == ["default", "--set"]


def test_a_rule_of_ones_own_decides_by_the_cautious_end(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = good
    low = iterate.try_setting(workspace, "demo", {"training.class_weight": "balanced"}, accept="recall>=0.5")
    assert low["iteration"]["kept"] and low["version"] == "v2"
    assert low["iteration"]["conditions"][0]["bound"] >= 0.5
    high = iterate.try_setting(
        workspace, "demo@v1", {"training.resample": "over"}, accept="recall[yes]>=0.999 and roc_auc>=0.5"
    )
    assert not high["iteration"]["kept"] and high["version"] is None
    assert [one["kept"] for one in high["iteration"]["conditions"]] == [False, True]
    assert "recall[yes]>=0.999 is not kept" in high["iteration"]["reason"]


def test_a_column_can_be_left_out(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, first = good
    without = iterate.try_setting(workspace, "demo", {"data.ignore": "a"})
    assert "is worse than that of v1" in without["iteration"]["reason"] and not without["iteration"]["kept"]
    named = {row["feature"] for row in without["importance"]["features"]}
    assert named == {"b", "kind"}
    again = launch.repeat(workspace, without["run"])
    assert again["package"]["sha256"] == without["package"]["sha256"]
    assert again["iteration"] is None
    assert launch.repeat(workspace, first["run"])["package"]["sha256"] == first["package"]["sha256"]


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ({"training.class_wieght": "balanced"}, {}, "did you mean 'class_weight'"),
        ({"training.ensemble": "true"}, {}, "nothing to try"),
        ({"forest.n_estimators": "3"}, {}, "is 3 already"),
        ({"forest.n_estimator": "5"}, {}, "n_estimators"),
        ({"catboost.depth": "4"}, {}, "catboost is not among the candidates"),
        ({"linear.alpha": "2"}, {}, "linear.alpha changes nothing here: it is for targets that are numbers"),
        ({"linear.l1_ratio": "0.2"}, {}, "it is read only where penalty is elasticnet"),
        ({"linear.C": "abc"}, {}, "--set linear.C: setting 'C' of family 'linear' must be a number"),
        (
            {"class_weight": "balanced", "training.class_weight": "balanced"},
            {"together": True},
            "'class_weight' and 'training.class_weight' are the same setting",
        ),
        ({"training.dropout": "0.3"}, {}, "neural networks"),
        ({"data.folds": "5"}, {}, "data.folds decides how the rows are read or split"),
        ({"training.seed": "5"}, {}, "another seed is luck"),
        ({"training.incremental": "true"}, {}, "about learning on from a version with new rows"),
        ({"training.interval": "false"}, {}, "it is for targets that are numbers"),
        ({"training.preset": "balanced"}, {}, "brings data.folds along"),
        ({"project": "other"}, {}, "belongs to the project"),
        ({"data.ignore": "z"}, {}, "'z' is no column"),
        ({"training.class_weight": "sometimes"}, {}, "balanced"),
        ({}, {}, "nothing is set"),
        ({"training.class_weight": "balanced", "training.ensemble": "false"}, {}, "2 settings would change at once"),
        ({"training.class_weight": "balanced"}, {"accept": "recal>=0.9"}, "did you mean 'recall'"),
        ({"training.class_weight": "balanced"}, {"accept": "recall is good"}, "cannot be read"),
        ({"training.class_weight": "balanced"}, {"accept": "recall[maybe]>=0.9"}, "no class 'maybe'"),
        ({"training.class_weight": "balanced"}, {"accept": "log_loss>=0.2"}, "less is better"),
    ],
)
def test_mistakes_are_named_and_leave_no_run(
    shared: Workspace, given: dict[str, str], options: dict[str, str], words: str
) -> None:
    with pytest.raises(UserError) as refused:
        iterate.try_setting(shared, "demo", given, **options)  # type: ignore[arg-type]
    assert words in str(refused.value)
    assert rows_of(shared, "select count(*) from run") == [(1,)]


def test_several_changes_are_tried_together_only_when_asked(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = good
    given = {"training.class_weight": "balanced", "training.ensemble": "false"}
    both = iterate.try_setting(workspace, "demo", given, together=True)
    assert both["iteration"]["together"] and len(both["iteration"]["changes"]) == 2
    compared = compare_named(workspace, ["demo@v1", str(both["run"])])
    assert any("2 settings" in words for words in compared["warnings"])


def test_two_settings_of_one_family_are_tried_together(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = good
    given = {"linear.l1_ratio": "0.3", "linear.penalty": "elasticnet"}  # the one means nothing without the other
    both = iterate.try_setting(workspace, "demo", given, together=True)
    assert [(change["key"].rpartition(".")[2], change["new"]) for change in both["iteration"]["changes"]] == [
        ("l1_ratio", 0.3),
        ("penalty", "elasticnet"),
    ]
    with read(workspace) as connection:
        run = get_run(connection, both["run"])
    [step] = [step for step in (run.plan or {})["steps"] if step["name"] == "linear"]
    assert (step["settings"]["l1_ratio"], step["settings"]["penalty"]) == (0.3, "elasticnet"), "what was fitted"
    assert (run.settings or {})["training"]["family_settings"]["linear"] == {"l1_ratio": 0.3, "penalty": "elasticnet"}


def test_rows_that_are_gone_are_named_before_anything_is_written(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = good
    for folder in (workspace.path / "artifacts" / "part").iterdir():
        folder.rename(workspace.path / f"lost-{folder.name}")
    with pytest.raises(EnvironmentProblem, match="is not in the workspace any more"):
        iterate.try_setting(workspace, "demo", {"training.class_weight": "balanced"})
    assert rows_of(workspace, "select count(*) from run") == [(1,)]


@pytest.fixture(scope="module")
def shared(places: Path) -> Workspace:
    """A version that no test of this module changes."""
    import json

    from trainwright.jobs import attempt
    from trainwright.jobs.sealed_test import test_document

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            attempt,
            "_open_sealed",
            lambda space, run, number, folder, sha: json.loads(json.dumps(test_document(space, run, folder, sha))),
        )
        workspace = new_workspace(places)
        run_here(workspace, table().select(FEATURES), settings())
    return workspace


def test_runs_of_different_projects_or_targets_are_not_compared(
    good: tuple[Workspace, dict[str, Any]],
) -> None:
    workspace, _ = good
    run_here(workspace, table(classes=0).select(FEATURES), settings(project="prices"))
    with pytest.raises(UserError, match="belongs to project prices"):
        compare_named(workspace, ["demo@v1", "prices@v1"])
    with pytest.raises(UserError, match="class_weight is for classes"):
        iterate.try_setting(workspace, "prices", {"training.class_weight": "balanced"})


def test_other_rows_are_shown_side_by_side_and_not_judged(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = good
    run_here(workspace, table(300, seed=1).select(FEATURES), settings())
    found = compare_named(workspace, ["demo@v1", "v2"])
    assert found["verdicts"][0]["verdict"] is None
    assert any("no difference is judged" in words for words in found["warnings"])
    assert [row["values"] for row in found["data"] if row["what"] == "dataset"] == [["d1", "d2"]]
    assert all(row["differences"] == [None, None] for row in found["metrics"])


def test_a_second_training_on_the_same_file_was_split_alike(good: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = good
    run_here(workspace, table().select(FEATURES), settings(training__class_weight="balanced"))
    found = compare_named(workspace, ["demo@v1", "v2"])
    assert found["verdicts"][0]["verdict"] is not None and not found["data"]
    assert [row["key"] for row in found["settings"]] == ["training.class_weight"]
    run_here(workspace, table().select(FEATURES), settings(data__folds=2))
    found = compare_named(workspace, ["demo@v1", "v3"])
    assert found["verdicts"][0]["verdict"] is not None, "the same rows are held out, in other folds"
    assert "split (SHA-256)" in [row["what"] for row in found["data"]]
    assert any("were cut into different folds" in words for words in found["warnings"])


def test_a_dropped_try_leads_no_later_training(good: tuple[Workspace, dict[str, Any]]) -> None:
    """A training on the stored rows inherits settings from the last training that stands, not from an idea dropped."""
    workspace, first = good
    dropped = iterate.try_setting(workspace, "demo", {"data.ignore": "a"})
    assert not dropped["iteration"]["kept"]
    wanted = load_settings(None, overrides={"project": "demo", "data.version": "d1", "training.time_limit": 600})
    again = run_here(workspace, None, wanted)[1]
    assert again["package"]["sha256"] == first["package"]["sha256"]
    dropped = iterate.try_setting(workspace, "demo@v1", {"training.class_weight": "balanced"})
    assert not dropped["iteration"]["kept"] and base_run(workspace, "demo")[1].id == again["run"]
    # A run without a file of held-out predictions is compared by its fold models.
    with write(workspace) as connection:
        record = {key: value for key, value in (get_run(connection, 1).record or {}).items() if key != "held_out"}
        save_document(connection, 1, 1, "record", record)
    found = compare_named(workspace, ["demo@v1", str(again["run"])])
    assert "do not differ" in found["verdicts"][0]["text"]


def test_the_clock_changes_no_second_thing(tmp_path: Path) -> None:
    """A run whose time was over early is tried again with what it really fitted, however much time there is now."""
    workspace = new_workspace(tmp_path)
    first = run_here(workspace, table().select(FEATURES), settings(training__families=("lightgbm",)))[1]
    with write(workspace) as connection:
        plan = dict(get_run(connection, 1).plan or {})
        # As if the limit had left out the forest and given the booster seven rounds.
        plan["completed"] = [name for name in plan["completed"] if name != "forest"]
        for step in plan["steps"]:
            if step["name"] == "lightgbm":
                step["settings"] = {**step["settings"], "n_estimators": 7}
        save_document(connection, 1, 1, "plan", plan)
    tried = iterate.try_setting(workspace, "demo", {"lightgbm.num_leaves": "5"})
    [booster] = [row for row in tried["leaderboard"] if row["name"] == "lightgbm"]
    assert booster["settings"]["n_estimators"] == 7 and booster["settings"]["num_leaves"] == 5
    assert {row["name"] for row in tried["leaderboard"]} - {"ensemble"} == {"baseline", "linear", "lightgbm"}
    assert tried["iteration"]["also"] == [] and first["version"] == "v1"
    longer = iterate.try_setting(workspace, "demo@v1", {"training.time_limit": "700s"})
    assert "forest is a candidate that was none before" in longer["iteration"]["also"]


def test_a_try_whose_candidates_the_clock_cut_is_not_blamed_on_the_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Over(Budget):
        """A clock on which only baselines that always run are fitted."""

        def allows(self, seconds: float) -> bool:
            return seconds <= 0

    workspace = new_workspace(tmp_path)
    given = settings(training__families=("lightgbm",), training__family_settings={"lightgbm": {"n_estimators": 10}})
    run_here(workspace, table().select(FEATURES), given)
    monkeypatch.setattr(run, "Budget", Over)
    tried = iterate.try_setting(workspace, "demo", {"training.class_weight": "balanced"})
    step = tried["iteration"]
    assert step["cut"] == ["lightgbm"] and not step["kept"]
    assert step["reason"].startswith("lightgbm, which v1 has, was not finished in time, so the setting is not judged")
