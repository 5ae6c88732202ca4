"""What a server does with tables: look at them, train on them in its queue, and say how that goes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.api.remote_results import RemoteResult
from trainwright.api.remote_versions import Versions
from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.jobs.slots import Slots, parse_slots

# Seconds between two looks at a job.
POLL = 0.5
CAUSES: dict[str, type[TrainwrightError]] = {"data": UserError, "memory": EnvironmentProblem}
Watch = Callable[[str], None]


@dataclass(frozen=True)
class Trainings(Versions):
    """The verbs about trainings and their jobs."""

    def train(
        self,
        data: Any = None,
        target: str | None = None,
        *,
        project: str | None = None,
        time_limit: str | float | None = None,
        config: str | Path | None = None,
        preset: str | None = None,
        metrics: Sequence[Callable[..., float]] = (),
        families: Sequence[str | tuple[str, Any]] = (),
        incremental: bool | None = None,
        base: str | None = None,
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        priority: int = 0,
        needs: str | Slots | None = None,
        after: Sequence[int] = (),
        key: str | None = None,
        watch: Watch = lambda _: None,
    ) -> RemoteResult:
        """Trains on the server, waits for the end, and returns the result; the arguments are those of `tw.train`.

        Files that `config` names lie on this machine and are sent along.

        Args:
            name: of the job; the project's and the time when not given.
            priority: higher first.
            needs: what it takes of a worker, such as "cpu=2,gpu=1,memory=8GB"; one core when not given.
            after: runs that must be completed first.
            key: your own name of the request: sent again, no second training is made.
            watch: told each line of the log.

        Raises:
            UserError, EnvironmentProblem: what is wrong, or why the training failed. Ctrl-C ends the waiting alone.
        """
        own = [*metrics, *(family for family in families if not isinstance(family, str))]
        if own:
            raise UserError(
                "metrics and estimators of your own are objects of this process, which cannot be sent to a server",
                remedy="train with them here: tw.train(...)",
            )
        named = {
            "data.target": target,
            "project": project,
            "training.time_limit": time_limit,
            "training.preset": preset,
            "training.families": list(families) or None,
            "training.incremental": incremental,
            "training.base": base,
            **(settings or {}),
        }
        run = self.submit(
            data,
            {k: v for k, v in named.items() if v is not None},
            config=config,
            name=name,
            priority=priority,
            needs=needs,
            after=after,
            key=key,
        )
        return self.wait(run, watch=watch)

    def submit(
        self,
        data: Any,
        settings: Mapping[str, Any],
        *,
        config: str | Path | None = None,
        test: Any = None,
        name: str | None = None,
        priority: int = 0,
        needs: str | Slots | None = None,
        after: Sequence[int] = (),
        key: str | None = None,
    ) -> int:
        """Asks for a training and returns its number at once; see `train`."""
        given = dict(settings)
        test = given.pop("data.test_file", None) if test is None else test
        if config is not None:
            data, test = _named_in(config, given, data, test)
        body = {
            "upload": None if data is None else self.upload(data),
            "test_upload": None if test is None else self.upload(test),
            "yaml": None if config is None else Path(config).read_text(encoding="utf-8"),
            "settings": given,
            **in_queue(name, priority, needs, after, key),
        }
        return int(self.call("POST", "/jobs", body)["run"])

    def wait(self, run: int, *, watch: Watch = lambda _: None) -> RemoteResult:
        """Waits for the end of a training.

        Raises:
            UserError, EnvironmentProblem, TrainwrightError: why it failed, or that it was cancelled.
        """
        seen = 0
        while True:
            job = self.call("GET", f"/jobs/{run}")["job"]
            while True:
                events = self.call("GET", f"/jobs/{run}/events", after=seen)
                for line in events["items"]:
                    watch(line["words"])
                if events["next"] == seen:
                    break
                seen = events["next"]
            if job["state"] == "completed":
                return RemoteResult(self.call("GET", f"/runs/{run}/result"), server=self)
            if job["state"] in ("failed", "cancelled"):
                problem = job["problem"] or {}
                kind = CAUSES.get(str(problem.get("cause")), EnvironmentProblem)
                words = problem.get("message") or "no reason was kept"
                raise kind(f"run {run} is {job['state']}: {words}", remedy="see its log on the server")
            time.sleep(POLL)

    def examine(
        self, data: Any = None, target: str | None = None, *, settings: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """What a table holds, what is wrong with it, and what would be trained in which time, before any training.

        Args:
            data: a path or a frame; None with the settings `project` and `data.version`.
            target: the column to predict; known of a dataset version.
            settings: by key.
        """
        asked = {**({} if target is None else {"data.target": target}), **(settings or {})}
        body = {"upload": None if data is None else self.upload(data), "settings": asked}
        found: dict[str, Any] = self.call("POST", "/examine", body)
        return found

    def jobs(self, project: str | None = None, *, limit: int = 50) -> list[dict[str, Any]]:
        """Jobs, the newest first."""
        found: list[dict[str, Any]] = self.call("GET", "/jobs", project=project, limit=limit)["items"]
        return found

    def cancel(self, run: int) -> dict[str, Any]:
        """Cancels a job."""
        found: dict[str, Any] = self.call("POST", f"/jobs/{run}/cancel")
        return found

    def retry(self, run: int) -> dict[str, Any]:
        """Queues a job that failed or was cancelled again."""
        found: dict[str, Any] = self.call("POST", f"/jobs/{run}/retry")
        return found


def in_queue(
    name: str | None, priority: int, needs: str | Slots | None, after: Sequence[int], key: str | None
) -> dict[str, Any]:
    """How a job stands in the queue, as a request says it."""
    slots = parse_slots(needs, flag="needs") if isinstance(needs, str) else needs or Slots()
    return {"name": name, "priority": priority, **slots.to_json(), "after": list(after), "key": key}


def _named_in(config: str | Path, settings: Mapping[str, Any], data: Any, test: Any) -> tuple[Any, Any]:
    """The table and the sealed test, where a YAML of this machine names them.

    Raises:
        UserError: about the YAML or the settings.
    """
    from trainwright.config.source import load_settings

    loaded = load_settings(config, overrides=settings, flags=False).data
    if data is None and loaded.version is None:
        data = loaded.train_file
    return data, loaded.test_file if test is None else test
