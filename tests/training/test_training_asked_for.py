"""A family that was asked for by name never ends silently as another model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from training_runs import FEATURES, new_workspace, rows_of, run_here, settings, table

import trainwright as tw
from trainwright.cli.progress import Screen
from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.training import run_steps

WHY = UserError("training broke down: the loss was no number", remedy="lower learning_rate")


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes every fit of some families fail with an error."""

    def go(families: tuple[str, ...], error: Exception) -> None:
        fit = run_steps.fit_fold

        def instead(step: Any, *rest: Any) -> Any:
            if step.family in families:
                raise error
            return fit(step, *rest)

        monkeypatch.setattr(run_steps, "fit_fold", instead)

    return go


@pytest.mark.parametrize(
    ("error", "kind"),
    [(WHY, UserError), (EnvironmentProblem("no disk"), EnvironmentProblem), (ValueError("of a library"), None)],
)
def test_where_all_that_was_asked_for_fails_the_run_fails_and_the_test_stays_sealed(
    tmp_path: Path, failing: Any, error: Exception, kind: type[Exception] | None
) -> None:
    failing(("svm",), error)
    workspace = new_workspace(tmp_path)
    with pytest.raises(kind or TrainwrightError, match="asked for by name could not be trained") as caught:
        run_here(workspace, table().select(FEATURES), settings(training__families=("svm",)))
    assert str(error) in str(caught.value) and type(caught.value) is (kind or TrainwrightError)
    assert rows_of(workspace, "select * from version") == rows_of(workspace, "select * from test_opening") == []
    assert rows_of(workspace, "select state from job") == [("failed",)]


@pytest.mark.usefixtures("sealed_here")
def test_where_some_of_it_fails_the_end_says_so(
    tmp_path: Path, failing: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(("svm",), WHY)
    wanted = settings(training__families=("svm", "decision_tree"))
    document = run_here(new_workspace(tmp_path), table().select(FEATURES), wanted)[1]
    Screen(quiet=False, started=0.0).result(document)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning svm")]
    assert "asked for by name and is not among the models: failed: training broke down" in line
    assert "lower learning_rate" in line


def test_the_estimator_refuses_too(failing: Any) -> None:
    failing(("linear",), WHY)
    data = table(120).select(FEATURES).to_pandas()
    with pytest.raises(ValueError, match="linear: training broke down"):
        tw.TabularClassifier(families=["linear"]).fit(data[["a", "b"]], data["y"])
