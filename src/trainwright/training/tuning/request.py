"""What a search is asked to do: method, space, trials, time, families; checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainwright.config.durations import parse_duration
from trainwright.config.known import canonical_family
from trainwright.config.search import MOST_TRIALS, SECONDS, TRIALS, SearchSettings
from trainwright.config.settings import Settings
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models.extras import is_installed, require
from trainwright.models.families import families
from trainwright.models.meaning import TARGETS
from trainwright.models.space import Space
from trainwright.models.space_file import read_space, space_of
from trainwright.models.spaces import NAMES, SCREENED, default_space, searchable
from trainwright.store.projects import find_project
from trainwright.store.search_trials import search_trials
from trainwright.store.searches import find_search
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace

METHODS = ("auto", "bayesian", "random", "grid")
FIRST_SECONDS = 1.0
LARGEST_SEED = 2**32 - 1  # as for the seed of a training


@dataclass(frozen=True)
class Request:
    """A search as a user asks for it.

    Args:
        method: "auto", "bayesian", "random" or "grid".
        space: "first", "wide", the path of a YAML file, or {family: {setting: values}}.
        trials: at most so many, the defaults among them.
        seconds: at most so long.
        families: by name; empty to look at several and keep the most promising.
        seed: of the draws.
        prune: whether a trial that is clearly worse stops before its last fold.
    """

    method: str = "auto"
    space: str | Mapping[str, Any] = "first"
    trials: int = TRIALS
    seconds: float = SECONDS
    families: tuple[str, ...] = ()
    seed: int = 0
    prune: bool = True

    @classmethod
    def from_settings(cls, settings: SearchSettings, *, seed: int) -> Request:
        """What the block `search:` asks for."""
        return cls(
            settings.method or "auto",
            settings.space or "first",
            settings.trials or TRIALS,
            SECONDS if settings.time_limit is None else settings.time_limit,
            tuple(settings.families or ()),
            seed,
        )

    @classmethod
    def of(
        cls,
        method: str | None,
        space: str | Path | Mapping[str, Any] | None,
        trials: int | None,
        time_limit: str | float | None,
        families: Sequence[str],
        *,
        seed: int = 0,
        prune: bool = True,
    ) -> Request:
        """A checked request from what a user gave; None leaves a part to its default.

        Raises:
            UserError, EnvironmentProblem: as `check`, and a space that is empty.
        """
        if space is not None and not (space.strip() if isinstance(space, str) else space):
            raise UserError(
                f"the search space is empty ({space!r})",
                remedy=f"give {' or '.join(NAMES)}, a YAML file, or leave it out",
            )
        return cls(
            method or "auto",
            str(space) if isinstance(space, Path) else space or "first",
            TRIALS if trials is None else trials,
            SECONDS if time_limit is None else parse_duration(time_limit),
            tuple(families),
            seed,
            prune,
        ).check()

    def check(self) -> Request:
        """The request with its families' own names.

        Raises:
            UserError: a method, number or family that cannot be.
            EnvironmentProblem: a method or family whose library is not installed.
        """
        if self.method not in METHODS:
            raise UserError(f"there is no method {self.method!r}", remedy=f"methods: {', '.join(METHODS)}")
        if not 1 <= self.trials <= MOST_TRIALS:
            raise UserError(
                f"--trials must be a whole number from 1 to {MOST_TRIALS:,}, got {self.trials}",
                remedy="the first trials are the families' defaults; 30 to 100 are usual",
            )
        if not self.seconds >= FIRST_SECONDS:
            raise UserError(f"--time-limit must be at least 1s, got {self.seconds:g} s", remedy="10m is usual")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise UserError(
                f"--seed must be a whole number from 0 to {LARGEST_SEED}, got {self.seed}",
                remedy="any small number does; leave it out for the run's own",
            )
        if self.method == "bayesian" and not optuna_installed():
            raise EnvironmentProblem(
                "the method bayesian proposes settings with the library 'optuna', which is not installed",
                remedy='pip install "trainwright[tune]", or --method random',
            )
        named = tuple(dict.fromkeys(canonical_family(name) for name in self.families))
        for name in named:
            if name not in searchable():
                raise UserError(
                    f"the family {name!r} has nothing to search",
                    remedy=f"families with settings to search: {', '.join(searchable())}",
                )
        require(families()[name] for name in named)
        return Request(self.method, self.space, self.trials, self.seconds, named, self.seed, self.prune)

    def spaces(self, task: str) -> tuple[tuple[Space, ...], bool]:
        """The spaces to search, and whether their families were named by the user.

        Raises:
            UserError: the space is wrong, holds what means nothing for the task, lacks a family that was named, or has
                more of them than there are trials.
            EnvironmentProblem: it names a family whose library is not installed.
        """
        found, named = self._spaces(task)
        if named and len(found) > self.trials:
            raise UserError(
                f"{len(found)} families are to be searched with at most {self.trials} trials: not even the defaults of "
                "each can be tried",
                remedy=f"raise --trials (20 for each is a beginning: {20 * len(found)}), or name fewer families",
            )
        return found, named

    def _spaces(self, task: str) -> tuple[tuple[Space, ...], bool]:
        if isinstance(self.space, str) and self.space in NAMES:
            unfit = [name for name in self.families if task not in families()[name].tasks]
            if unfit:
                raise UserError(
                    f"the family {unfit[0]!r} is not for {TARGETS[task]}",
                    remedy=f"families with settings to search: {', '.join(searchable())}",
                )
            names = self.families or tuple(n for n in SCREENED if is_installed(families()[n]))
            found = [default_space(n, self.space, task) for n in names if task in families()[n].tasks]
            return tuple(found), bool(self.families)
        given = read_space(self.space, task) if isinstance(self.space, str) else space_of(self.space, task)
        held = {space.family: space for space in given}
        for name in self.families:
            if name not in held:
                raise UserError(
                    f"the search space says nothing about the family {name!r}", remedy=f"it has: {', '.join(held)}"
                )
        require(families()[name] for name in self.families or held)
        return tuple(held[name] for name in self.families) or given, True


def optuna_installed() -> bool:
    """Whether the library of the Bayesian method is there; it is looked for, not imported."""
    from importlib.util import find_spec

    return find_spec("optuna") is not None


def check_search(settings: SearchSettings, task: str | None = None) -> None:
    """Refuses a `search:` block that cannot be, before a run is made for it; nothing where no search is asked for.

    Args:
        settings: the block.
        task: "classes" or "number"; None where the table is not read yet: what is right for one of the two passes.

    Raises:
        UserError: a method, number, family or space that cannot be.
        EnvironmentProblem: a method or family whose library is not installed.
    """
    if not settings.asked:
        return
    request = Request.from_settings(settings, seed=0).check()
    refused: UserError | None = None
    for one in (task,) if task is not None else TARGETS:
        try:
            request.spaces(one)
        except UserError as error:
            refused = refused or error
        else:
            return
    assert refused is not None
    raise refused


def check_winner(workspace: Workspace | None, project: str | None, settings: Settings) -> None:
    """Refuses `search.winner_of` that names no search with a winner, before any work is done for the run.

    Args:
        workspace: None where there is none yet.
        project: by name; it need not be there. None where it follows from a table that is not read yet.
        settings: as given.

    Raises:
        UserError: the project has no such search, nothing was completed in it, or another search is asked for, too.
    """
    winner = settings.search.winner_of
    if winner is None:
        return
    asked = f"search.winner_of ({settings.origin('search.winner_of')}) names the search s{winner}"
    others = [key for key in settings.origins if key.startswith("search.") and key != "search.winner_of"]
    if others:
        raise UserError(
            f"{asked}, and {others[0]} ({settings.origin(others[0])}) asks for a new one", remedy="keep one of the two"
        )
    if workspace is None:
        raise UserError(f"{asked}, but there is no workspace yet that could hold it", remedy="leave it out")
    if project is None:
        return
    with read(workspace) as connection:
        known = find_project(connection, project)
        if known is None:
            raise UserError(
                f"{asked} of the project {project!r}, and there is no such project",
                remedy="name the project that was searched with --project, or leave it out",
            )
        search = find_search(connection, known, winner)
        done = any(trial.state == "completed" for trial in search_trials(connection, search.id))
    if not done:
        raise UserError(
            f"{asked}, which has completed no trial: it has no best settings yet",
            remedy=f"trainwright tune {project} --search {winner} goes on with it",
        )
