"""What MLflow is told at the end of a run: figures, tags, report, model, and the registered version."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from trainwright.store.files import artifact_path, open_artifact
from trainwright.store.transaction import read
from trainwright.store.trials import TrialRow, trials_of
from trainwright.store.workspace import Workspace
from trainwright.track import mlflow_server as server
from trainwright.track.news import News
from trainwright.track.words import figures, flat, safe, tags

STATUS = {"completed": "FINISHED", "failed": "FAILED", "cancelled": "KILLED"}


def log_end(
    client: Any, workspace: Workspace, news: News, run_id: str, trials: dict[str, str]
) -> dict[str, str] | None:
    """Writes the end of a run and of its candidates.

    Args:
        client: of MLflow.
        workspace, news: the run.
        run_id: MLflow's id of the run.
        trials: MLflow's ids of its candidates.

    Returns:
        The registered model version {"name", "number"}, or None where the run made none.
    """
    run, result = news.run, news.run.result or {}
    at = int((run.finished_at or run.created) * 1000)
    with read(workspace) as connection:
        rows = trials_of(connection, run.id)
    folds = defaultdict(list)
    for row in rows:
        folds[row.name].append(row)
    board: dict[str, Any] = {row["name"]: row for row in result.get("leaderboard") or []}
    for name, trial_id in trials.items():
        server.log_parameters(client, trial_id, {safe(k): v for k, v in _parameters(folds.get(name, [])).items()})
        shown = board.get(name) or {}
        found = dict(shown.get("metrics") or {})
        found |= {f"train/{k}": v for k, v in (shown.get("train_metrics") or {}).items()}
        found |= {key: shown.get(key) for key in ("std", "fit_s", "row_ms", "size_mb", "weight")}
        points = [(safe(k), 0, float(v), at) for k, v in found.items() if isinstance(v, int | float)]
        server.log_metrics(client, trial_id, points, unsure=True)
        client.set_terminated(trial_id, STATUS.get(run.state, "FINISHED"), at)
    points = [(safe(name), 0, value, at) for name, value in figures(result).items()]
    server.log_metrics(client, run_id, points, unsure=True)
    for tag, value in tags(news.project, run).items():
        client.set_tag(run_id, tag, value)
    _artifacts(client, workspace, news, run_id)
    registered = _register(client, workspace, news, run_id)
    client.set_terminated(run_id, STATUS.get(run.state, "FINISHED"), at)
    return registered


def _parameters(rows: list[TrialRow]) -> dict[str, str]:
    """The settings of a candidate, and what its library decided: one value where the folds agree, else all."""
    if not rows:
        return {}
    found = {"family": rows[0].family, **flat(rows[0].settings or {}, "settings.")}
    for name in ("seed", "threads", "iterations"):
        found |= _over_folds(name, [getattr(row, name) for row in rows])
    derived = [flat(row.derived or {}, "derived.") for row in rows]
    for name in dict.fromkeys(key for one in derived for key in one):
        found |= _over_folds(name, [one.get(name) for one in derived])
    return found


def _over_folds(name: str, values: list[Any]) -> dict[str, str]:
    if all(value is None for value in values):
        return {}
    if all(value == values[0] for value in values):
        return {name: str(values[0])}
    return {name: ", ".join("-" if value is None else str(value) for value in values)}


def _artifacts(client: Any, workspace: Workspace, news: News, run_id: str) -> None:
    """Report, model card, figures and the result document."""
    result = news.run.result or {}
    if not result:
        return
    report = Path(str(result.get("report") or ""))
    folder = artifact_path(workspace, "report", report.parent.name)
    for path in sorted(folder.iterdir()) if report.name and folder.is_dir() else ():
        client.log_artifact(run_id, str(path), "report")
    client.log_text(run_id, json.dumps(result, ensure_ascii=False, indent=1), "result.json")
    client.log_text(run_id, json.dumps(news.run.settings or {}, ensure_ascii=False, indent=1), "settings.json")
    from trainwright.evaluate.report import report_parts

    for name, figure in report_parts(result, news.evaluations).figures.items():
        client.log_text(run_id, json.dumps(figure, ensure_ascii=False), f"figures/{safe(name)}.json")


def _register(client: Any, workspace: Workspace, news: News, run_id: str) -> dict[str, str] | None:
    """Writes the version as an MLflow model and registers it; the one that answers gets the alias."""
    version = news.version
    if version is None:
        return None
    from mlflow.exceptions import MlflowException

    name = safe(news.project.name)
    found = client.search_model_versions(f"name = '{name}' and run_id = '{run_id}'")
    if found:
        number = str(found[0].version)
    else:
        with tempfile.TemporaryDirectory() as place:
            _write_model(workspace, news, Path(place) / "model")
            client.log_artifacts(run_id, str(Path(place) / "model"), "model")
        try:
            client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        made = client.create_model_version(
            name,
            f"runs:/{run_id}/model",
            run_id=run_id,
            tags={"trainwright.version": version.label, "trainwright.manifest": version.manifest_sha},
            description=(news.run.result or {}).get("verdict"),
        )
        number = str(made.version)
    if news.active:
        client.set_registered_model_alias(name, server.ALIAS, number)
    return {"name": name, "number": number}


def _write_model(workspace: Workspace, news: News, folder: Path) -> None:
    from trainwright.packages.ensemble import Ensemble
    from trainwright.packages.export.mlflow_model import write_mlflow
    from trainwright.packages.export.trial_rows import trial_rows
    from trainwright.packages.predictor import Predictor
    from trainwright.packages.verify import check_package

    assert news.version is not None
    checked = check_package(open_artifact(workspace, "package", news.version.artifact), news.version.manifest_sha)
    examples = trial_rows(None, checked.layout, checked.manifest.schema, checked.reference, n=10, seed=1)
    label = f"{news.project.name}@{news.version.label}"
    write_mlflow(folder, checked, Predictor(checked, Ensemble(checked)), examples, label)
