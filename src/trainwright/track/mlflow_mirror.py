"""Writes a run to MLflow: a run with one nested run for every candidate, and the version as a registered model."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from trainwright.store.workspace import Workspace
from trainwright.track import mlflow_server as server
from trainwright.track.mlflow_end import log_end
from trainwright.track.news import News
from trainwright.track.series import series_of
from trainwright.track.words import flat, identity, safe, tags

Point = tuple[str, int, float, int]


class MlflowMirror:
    """A run in MLflow.

    Args:
        workspace: where the run lies.
        address: of the tracking server or store.
        state: what an earlier mirror of the run noted: MLflow's ids of the run and its candidates, and the registered
            version.

    Raises:
        EnvironmentProblem: MLflow is not installed, or nobody answers.
    """

    def __init__(self, workspace: Workspace, address: str, state: dict[str, Any]):
        self._workspace = workspace
        self._address = address
        self._client = server.connect(address)
        self._experiment = ""
        self._run: str | None = state.get("run")
        self._trials: dict[str, str] = dict(state.get("trials") or {})
        self._registered: dict[str, str] | None = state.get("registered")
        # Whoever was here before may have been cut off between a call and its note.
        self._unsure = True

    def is_whole(self, news: News) -> bool:
        """Whether the run that was noted is there; after a server was set up anew it is not."""
        from mlflow.exceptions import MlflowException

        if self._run is None:
            return True
        try:
            return bool(self._client.get_run(self._run).info.lifecycle_stage == "active")
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise

    def state(self) -> dict[str, Any]:
        """What to note once `write` has returned."""
        return {"run": self._run, "trials": dict(self._trials), "registered": self._registered}

    def write(self, news: News) -> None:
        """Adds points and the scores of folds."""
        self._ensure(news)
        points: dict[str, list[Point]] = defaultdict(list)
        for row in news.trials:
            self._trial(news, row.name)
        for point in news.points:
            series = series_of(point.name, list(self._trials))
            name = safe(f"{series.fold}/{series.tag}" if series.fold else series.tag)
            value = float("nan") if point.value is None else point.value
            points[series.trial].append((name, round(point.step), value, _milliseconds(point.at)))
        for row in news.trials:
            found = {**(row.scores or {}), "seconds": row.seconds, "iterations": row.iterations, "rows": row.rows}
            for metric, value in found.items():
                if isinstance(value, int | float):
                    at = _milliseconds(row.created)
                    points[row.name].append((safe(f"folds/{metric}"), max(row.fold, 0), float(value), at))
        for trial, batch in points.items():
            server.log_metrics(self._client, self._trial(news, trial), batch, unsure=self._unsure)
        self._unsure = False

    def finish(self, news: News) -> None:
        """Adds what is known at the end, and ends MLflow's runs."""
        run_id = self._ensure(news)
        for row in (news.run.result or {}).get("leaderboard") or []:
            if row["name"] in self._trials or row.get("weight") is not None:
                self._trial(news, row["name"])
        self._registered = log_end(self._client, self._workspace, news, run_id, self._trials) or self._registered

    def close(self) -> None:
        """Nothing stays open between two calls."""

    def _ensure(self, news: News) -> str:
        """MLflow's id of the run, found again by its tags or made."""
        if not self._experiment:
            self._experiment = server.experiment(self._client, self._address, news.project.name)
        if self._run is None:
            self._run = self._found_or_made(
                news, "run", f"{news.run.name} (run {news.run.id})", tags(news.project, news.run)
            )
            server.log_parameters(
                self._client, self._run, {safe(k): v for k, v in flat(news.run.settings or {}).items()}
            )
        return self._run

    def _trial(self, news: News, name: str) -> str:
        """MLflow's id of a candidate's run, inside the run."""
        if name not in self._trials:
            said = {"mlflow.parentRunId": self._ensure(news), "trainwright.trial": name}
            self._trials[name] = self._found_or_made(news, f"trial {name}", name, said)
        return self._trials[name]

    def _found_or_made(self, news: News, part: str, name: str, said: dict[str, str]) -> str:
        key = {"trainwright.id": identity(news.project, news.run), "trainwright.part": part.replace("'", "")}
        found = server.find_run(self._client, self._experiment, key)
        if found is not None:
            return found
        made = self._client.create_run(
            self._experiment,
            start_time=_milliseconds(news.run.started_at or news.run.created),
            tags={**said, **key},
            run_name=name,
        )
        return str(made.info.run_id)


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000)
