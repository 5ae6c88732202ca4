"""A server of Trainwright from Python, with the verbs of the library; calling it takes nothing but Python itself."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.api.remote import Caller, as_upload, split_address
from trainwright.api.remote_results import RemotePredictor, RemoteResult, both
from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError

TOKEN = "TRAINWRIGHT_TOKEN"
# Seconds between two looks at a job.
POLL = 0.5
CAUSES: dict[str, type[TrainwrightError]] = {"data": UserError, "memory": EnvironmentProblem}


def connect(url: str, token: str | None = None, *, timeout: float = 600.0) -> Server:
    """A server that `trainwright serve` runs, with the verbs of the library.

    Args:
        url: such as "http://127.0.0.1:8080"; the link that the server printed, with its token, does too.
        token: made under Settings, or by the server at its start; $TRAINWRIGHT_TOKEN when not given.
        timeout: seconds to wait for one answer.

    Returns:
        The server; its `train`, `load`, `versions`, `decide`, `export` and the rest are those of `trainwright`.

    Raises:
        UserError: the address is none, or the token is not valid.
        EnvironmentProblem: the server cannot be reached.

    Example:
        >>> server = tw.connect("http://127.0.0.1:8080", token="tw_...")             # doctest: +SKIP
        >>> server.train("adult.csv", target="income", time_limit="5m").version      # doctest: +SKIP
        'v1'
        >>> server.load("adult").predict(frame)                                      # doctest: +SKIP
    """
    base, found = split_address(url)
    server = Server(Caller(base, token or found or os.environ.get(TOKEN), timeout))
    server.call("GET", "/me")
    return server


@dataclass(frozen=True)
class Server:
    """A server, with the verbs of the library; made by `connect`."""

    caller: Caller

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """One request to `/api/v1`, for what has no verb here.

        Example:
            >>> server.call("GET", "/queue")["workers"]                              # doctest: +SKIP
            2
        """
        return self.caller.json(method, path, body, query)

    def train(
        self,
        data: Any = None,
        target: str | None = None,
        *,
        project: str | None = None,
        time_limit: str | float | None = None,
        config: str | Path | None = None,
        preset: str | None = None,
        families: Sequence[str] = (),
        incremental: bool | None = None,
        base: str | None = None,
        settings: Mapping[str, Any] | None = None,
        priority: int = 0,
        after: Sequence[int] = (),
        key: str | None = None,
        watch: Callable[[str], None] = lambda _: None,
    ) -> RemoteResult:
        """Trains on the server, waits for the end, and returns the result; the arguments are those of `tw.train`.

        Args:
            priority: higher first. after: runs that must be completed first.
            key: your own name of the request: sent again, no second training is made.
            watch: told each line of the log.

        Raises:
            UserError, EnvironmentProblem: what is wrong, or why the training failed. Ctrl-C ends the waiting alone.
        """
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
        test = named.pop("data.test_file", None)
        run = self.submit(
            data,
            {k: v for k, v in named.items() if v is not None},
            config=config,
            test=test,
            priority=priority,
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
        priority: int = 0,
        after: Sequence[int] = (),
        key: str | None = None,
    ) -> int:
        """Asks for a training and returns its number at once."""
        body = {
            "upload": None if data is None else self.upload(data),
            "test_upload": None if test is None else self.upload(test),
            "yaml": None if config is None else Path(config).read_text(encoding="utf-8"),
            "settings": dict(settings),
            "priority": priority,
            "after": list(after),
            "key": key,
        }
        return int(self.call("POST", "/jobs", body)["run"])

    def wait(self, run: int, *, watch: Callable[[str], None] = lambda _: None) -> RemoteResult:
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

    def upload(self, data: Any) -> int:
        """Sends a table and returns the number of the upload.

        Args:
            data: a path, or a frame of polars, pandas, Arrow or NumPy.
        """
        with as_upload(data) as (name, file):
            return int(self.caller.json("POST", "/uploads", file, {"name": name})["id"])

    def examine(self, data: Any, target: str, *, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What a table holds and what is wrong with it, before any training."""
        body = {"upload": self.upload(data), "settings": {"data.target": target, **(settings or {})}}
        found: dict[str, Any] = self.call("POST", "/examine", body)
        return found

    def load(self, name: str, *, decision: str | None = None) -> RemotePredictor:
        """A version that predicts on the server: "adult" for the active one, "adult@v2" for a certain one."""
        project, _, version = name.partition("@")
        if version:
            self.call("GET", f"/projects/{project}/versions/{version}")
        else:
            self.call("GET", f"/projects/{project}")
        return RemotePredictor(self, name, decision)

    def projects(self) -> list[dict[str, Any]]:
        """Every project at a glance."""
        found: list[dict[str, Any]] = self.call("GET", "/projects")
        return found

    def versions(self, project: str) -> list[dict[str, Any]]:
        """The versions of a project, the newest first."""
        return list(self._pages(f"/projects/{project}/versions"))

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

    def activate(self, name: str, *, decision: str | None = None) -> dict[str, Any]:
        """Lets a version such as "adult@v2" answer from now on."""
        project, version = both(name)
        found: dict[str, Any] = self.call(
            "POST", f"/projects/{project}/versions/{version}/activate", {"decision": decision}
        )
        return found

    def rollback(self, project: str) -> dict[str, Any]:
        """Returns to what answered before."""
        found: dict[str, Any] = self.call("POST", f"/projects/{project}/rollback")
        return found

    def delete(self, name: str) -> None:
        """Removes the package of a version such as "adult@v2"."""
        project, version = both(name)
        self.call("DELETE", f"/projects/{project}/versions/{version}")

    def compare(self, first: str, second: str, data: Any = None) -> dict[str, Any]:
        """Two versions of a project side by side, with a table on rows that neither was trained on."""
        (project, one), (other, two) = both(first), both(second)
        if project != other:
            raise UserError(f"{first} and {second} belong to two projects", remedy="compare versions of one project")
        body = {"first": one, "second": two, "upload": None if data is None else self.upload(data)}
        found: dict[str, Any] = self.call("POST", f"/projects/{project}/compare", body)
        return found

    def decide(self, name: str, *, use: bool = False, **asked: Any) -> dict[str, Any]:
        """From which probability on to act; the arguments are those of `tw.decide`."""
        project, version = both(name)
        body = {"use": use, **asked}
        found: dict[str, Any] = self.call("POST", f"/projects/{project}/versions/{version}/decisions", body)
        return found

    def export(self, name: str, format: str = "onnx", to: str | Path | None = None) -> Path:
        """Fetches a version written for other programs, as a zip file, and returns where it lies."""
        project, version = both(name)
        place = Path(to or f"{project}-{version}-{format}.zip")
        path = f"/projects/{project}/versions/{version}/export"
        return self.caller.fetch(path, {"format": format}, place)

    def download(self, name: str, to: str | Path | None = None) -> Path:
        """Fetches the package of a version, as a zip file, and returns where it lies."""
        project, version = both(name)
        place = Path(to or f"{project}-{version}.zip")
        return self.caller.fetch(f"/projects/{project}/versions/{version}/package", {}, place)

    def report(self, run: int, to: str | Path | None = None) -> Path:
        """Fetches the report of a run, and returns where it lies."""
        return self.caller.fetch(f"/runs/{run}/report", {}, Path(to or f"run-{run}-report.html"))

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of a long list, page after page."""
        after = None
        while True:
            page = self.call("GET", path, limit=200, after=after)
            yield from page["items"]
            after = page["next"]
            if after is None:
                return
