"""What a server makes of a training: settings searched, one tried, a version measured, a run repeated; each a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainwright.api.remote_calls import read_here
from trainwright.api.remote_results import RemoteResult
from trainwright.api.remote_training import Trainings, Watch, in_queue
from trainwright.api.remote_versions import Versions
from trainwright.api.searching import SearchResult
from trainwright.jobs.slots import Slots

SPACE_FILES = (".yaml", ".yml")


@dataclass(frozen=True)
class RemoteSearchResult(SearchResult):
    """A search that a server finished, with the training that followed it."""

    server: Versions = field(kw_only=True)

    @property
    def training(self) -> RemoteResult | None:
        """The training that followed."""
        document = self.document["training"]
        return None if document is None else RemoteResult(document, server=self.server)


@dataclass(frozen=True)
class Further(Trainings):
    """The verbs about what was trained before. Each is a job of the queue, so each also takes `priority`, `needs`,
    `after`, `key` and `watch`, as `train` does."""

    def tune(
        self,
        name: str,
        *,
        method: str = "auto",
        space: str | Path | Mapping[str, Any] = "first",
        trials: int | None = None,
        time_limit: str | float | None = None,
        families: Sequence[str] = (),
        priority: int = 0,
        needs: str | Slots | None = None,
        after: Sequence[int] = (),
        key: str | None = None,
        watch: Watch = lambda _: None,
    ) -> RemoteSearchResult:
        """Searches better settings for a project, then trains with the best ones; the result is that of `tw.tune`.

        Search and training are one job. A file with a space is read here and its content sent. Of the arguments of
        `tw.tune`, `seed`, `prune`, `resume`, `number` and `train` are not served: a job that was stopped goes on with
        its search by `retry`.

        Raises:
            UserError, EnvironmentProblem: as `train`; nothing was trained in the project yet.
        """
        project, _, version = name.partition("@")
        body = {
            "version": version or None,
            "method": method,
            "space": read_here(space, SPACE_FILES, "catboost: {depth: [4, 6, 8]}"),
            "trials": trials,
            "time_limit": time_limit,
            "families": list(families),
            **in_queue(None, priority, needs, after, key),
        }
        result = self.wait(self.call("POST", f"/projects/{project}/tune", body)["run"], watch=watch)
        found, training = result.document["search"], result.document
        head = {key: training[key] for key in ("project", "dataset", "version")}
        return RemoteSearchResult({**found, **head, "training": training}, server=self)

    def try_setting(
        self,
        name: str,
        settings: Mapping[str, Any],
        *,
        note: str | None = None,
        accept: str | None = None,
        together: bool = False,
        priority: int = 0,
        needs: str | Slots | None = None,
        after: Sequence[int] = (),
        key: str | None = None,
        watch: Watch = lambda _: None,
    ) -> RemoteResult:
        """Changes one setting of a version and keeps the result only where it proves better, as `tw.try_setting`.

        Raises:
            UserError, EnvironmentProblem: as `train`; about the version, the setting or the rule.
        """
        project, _, version = name.partition("@")
        body = {
            "version": version or None,
            "settings": dict(settings),
            "note": note,
            "accept": accept,
            "together": together,
            **in_queue(None, priority, needs, after, key),
        }
        return self.wait(self.call("POST", f"/projects/{project}/try", body)["run"], watch=watch)

    def learning_curve(
        self,
        name: str,
        *,
        time_limit: str | float = "2m",
        priority: int = 0,
        needs: str | Slots | None = None,
        after: Sequence[int] = (),
        key: str | None = None,
        watch: Watch = lambda _: None,
    ) -> dict[str, Any]:
        """Would more rows help? As `tw.learning_curve`; the version's result and report say it from then on.

        Raises:
            UserError, EnvironmentProblem: as `train`; there is no such version, or it cannot be fitted again.
        """
        asked = {"time_limit": time_limit, **in_queue(None, priority, needs, after, key)}
        return self._measured(name, "learning-curve", asked, watch, "size_curve")

    def stability(
        self,
        name: str,
        *,
        seeds: int = 5,
        time_limit: str | float = "20m",
        priority: int = 0,
        needs: str | Slots | None = None,
        after: Sequence[int] = (),
        key: str | None = None,
        watch: Watch = lambda _: None,
    ) -> dict[str, Any]:
        """How much is luck? As `tw.stability`; the version's result and report say it from then on.

        Raises:
            UserError, EnvironmentProblem: as `learning_curve`.
        """
        asked = {"seeds": seeds, "time_limit": time_limit, **in_queue(None, priority, needs, after, key)}
        return self._measured(name, "stability", asked, watch, "seed_stability")

    def _measured(self, name: str, what: str, asked: Mapping[str, Any], watch: Watch, key: str) -> dict[str, Any]:
        row = self.version_of(name)
        run = self.call("POST", f"/projects/{row['project']}/versions/{row['version']}/{what}", asked)["run"]
        found: dict[str, Any] = self.wait(run, watch=watch).document[key]
        return found

    def reproduce(
        self,
        name: str | int,
        *,
        priority: int = 0,
        needs: str | Slots | None = None,
        after: Sequence[int] = (),
        key: str | None = None,
        watch: Watch = lambda _: None,
    ) -> dict[str, Any]:
        """Repeats the run of a version from its record and compares every figure, as `tw.reproduce`.

        Args:
            name: "adult@v2", or the number of a run.

        Raises:
            UserError, EnvironmentProblem: as `train`; there is no such run, or its rows are gone.
        """
        number = name if str(name).isdecimal() else self.version_of(str(name))["run"]
        body = in_queue(None, priority, needs, after, key)
        again = self.call("POST", f"/runs/{number}/reproduce", body)["run"]
        self.wait(again, watch=watch)
        found: dict[str, Any] = self.call("GET", f"/runs/{again}/reproduction")
        return found
