"""A finished run repeated from its record gives the same package, whatever cut it short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from run_story import now, ready, resume_here, trials
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

from trainwright.errors import UserError
from trainwright.jobs import launch
from trainwright.training import finish, folds_on_disk, material, run
from trainwright.training.budget import Budget


class Short(Budget):
    """A clock on which the forest no longer fits, and a booster only with fewer rounds."""

    def remaining(self) -> float:
        return 10.0 if self.limit is not None else float("inf")

    def allows(self, seconds: float) -> bool:
        if self.limit is None:
            return True
        asked.append(seconds)
        return len(asked) not in CUT


asked: list[float] = []
# The forest's second fold: trials are baseline, linear, forest, then the booster, three folds each.
CUT = {8}


def cut_run(monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple[Any, dict[str, Any]]:
    """A run whose forest was cut by the clock and whose booster got fewer rounds than planned."""
    workspace = new_workspace(folder)
    asked.clear()
    wanted = settings(training__families=("lightgbm",))
    with monkeypatch.context() as hurried:
        hurried.setattr(run, "Budget", Short)
        hurried.setattr(material, "Budget", Short)
        hurried.setattr("trainwright.training.run_steps.slowness", lambda trials: 1000.0)
        return workspace, run_here(workspace, table().select(FEATURES), wanted)[1]


@pytest.mark.usefixtures("sealed_here")
def test_the_order_in_which_fits_finished_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated folds are summed, and a sum shows its order in the last digit."""
    workspace, frame = new_workspace(tmp_path), table(classes=0).select(FEATURES)
    wanted = settings(data__folds=3, data__repeats=4)
    _, first = run_here(new_workspace(tmp_path / "other"), frame, wanted)
    with monkeypatch.context() as dying:
        dying.setattr(finish, "publish_package", lambda *arguments: (_ for _ in ()).throw(MemoryError("full")))
        with pytest.raises(MemoryError):
            run_here(workspace, frame, wanted)
    load = folds_on_disk.load
    monkeypatch.setattr(folds_on_disk, "load", lambda *given: dict(reversed(load(*given).items())))
    assert resume_here(workspace, 1)["package"]["sha256"] == first["package"]["sha256"]


@pytest.mark.usefixtures("sealed_here", "follow_here")
@pytest.mark.parametrize("classes", [2, 0])
def test_a_repetition_gives_the_same_package(tmp_path: Path, classes: int) -> None:
    workspace = new_workspace(tmp_path)
    wanted = settings(training__families=("lightgbm",), training__family_settings={"lightgbm": {"n_estimators": 15}})
    _, first = run_here(workspace, table(classes=classes).select(FEATURES), wanted)
    again = launch.repeat(workspace, first["run"])
    assert again["package"]["sha256"] == first["package"]["sha256"]
    assert again["validation"] == first["validation"] and again["weights"] == first["weights"]
    assert again["version"] is None and again["test"] is None
    assert rows_of(workspace, "select count(*) from version") == [(1,)]
    assert rows_of(workspace, "select count(*) from test_opening") == [(1,)]
    with pytest.raises(UserError, match="there is no run 99"):
        launch.repeat(workspace, 99)


@pytest.mark.usefixtures("sealed_here", "follow_here")
def test_a_run_that_its_limit_cut_is_repeated_by_its_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace, first = cut_run(monkeypatch, tmp_path)
    names = {row["name"] for row in first["leaderboard"]} - {"ensemble"}
    assert names == {"baseline", "linear", "lightgbm"}
    assert any(words.startswith("forest: 1 of 3 folds") for words in first["budget"]["shortened"])
    rounds = rows_of(
        workspace, "select distinct json_extract(settings, '$.n_estimators') from trial where name = 'lightgbm'"
    )
    assert rounds == [(60,)]
    again = launch.repeat(workspace, first["run"])
    assert again["package"]["sha256"] == first["package"]["sha256"]
    assert {row["name"] for row in again["leaderboard"]} - {"ensemble"} == names


@pytest.mark.usefixtures("sealed_here")
def test_a_packaged_run_that_died_is_finished_as_it_was_packaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its limit had cut a trial; going on with that trial would make another package, and a second look at the test."""
    with monkeypatch.context() as dying:
        dying.setattr(finish, "_commit", lambda *arguments: (_ for _ in ()).throw(MemoryError("full")))
        with pytest.raises(MemoryError):
            cut_run(dying, tmp_path)
    workspace = new_workspace(tmp_path)
    [(run_id,)] = rows_of(workspace, "select id from run")
    failed = now(workspace, run_id)
    assert failed.state == "failed" and (failed.error or {})["cause"] == "memory"
    before = trials(workspace, run_id)
    result = resume_here(workspace, run_id)
    assert trials(workspace, run_id) == before
    assert any(words.startswith("forest: 1 of 3 folds") for words in result["budget"]["shortened"])
    assert rows_of(workspace, "select k, manifest_sha from test_opening") == [(1, result["package"]["sha256"])]
    assert result["version"] == "v1"


@pytest.mark.usefixtures("sealed_here")
def test_only_a_completed_run_is_repeated(tmp_path: Path) -> None:
    workspace = new_workspace(tmp_path)
    waiting = ready(workspace)
    with pytest.raises(UserError, match="is queued"):
        launch.repeat(workspace, waiting.id)
