"""What follows a training: runs compared side by side, and further jobs that take up a run or a version."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from trainwright.config.search import MOST_TRIALS
from trainwright.store.transaction import read
from trainwright.store.versions import get_version
from trainwright.store.workspace import Workspace
from trainwright.web.api.jobs import Queueing, Submitted
from trainwright.web.api.nouns import Body, Number, ProjectName, VersionLabel, noun
from trainwright.web.api.runs import finished
from trainwright.web.api.versions import project_named
from trainwright.web.helpers.pool import Helpers
from trainwright.web.requests import Children, Space, Who, named_in_address
from trainwright.web.security.caller import Caller
from trainwright.web.security.roles import Role, least
from trainwright.web.views.jobs import get_job

router = noun("runs")

# The number of a run, a project, or a version of it: never looked up anywhere but in the database.
Name = Annotated[str, Field(min_length=1, max_length=120)]
Version = Annotated[str | None, Field(pattern=r"^v[1-9]\d{0,8}$", description="Such as v3.")]


class RunsToCompare(Body):
    """Which runs stand side by side."""

    runs: list[Name] = Field(
        min_length=1,
        max_length=10,
        description='Two or three: numbers of runs, or versions such as "adult@v2"; after the first "v3" is enough.',
    )


@router.post("/runs/compare", operation_id="compare_runs")
@least(Role.REVIEWER)
def compare_runs(children: Children, body: RunsToCompare) -> dict[str, Any]:
    """Two or three runs side by side, the later ones against the first, paired on the rows that both held out: what was
    set differently, every figure, times, curves, and a verdict."""
    found: dict[str, Any] = children.ask("compare_trainings", names=body.runs)
    return found


class NewTry(Queueing):
    """Which setting is tried, and by which rule its result is kept."""

    version: Version = Field(None, description="To start from; else the active one, or what a try since then kept.")
    settings: dict[str, Any] = Field(
        description='The setting by its key, such as {"training.class_weight": "balanced"}.'
    )
    note: str | None = Field(None, max_length=2000, description="Why; kept in the log of tries.")
    accept: str | None = Field(None, max_length=500, description='Keep it by this rule instead: "recall>=0.9".')
    together: bool = Field(False, description="Let several settings change at once.")


class NewSearch(Queueing):
    """What is searched, how, and for how long."""

    version: Version = Field(None, description="Whose dataset version and settings it follows; else the newest run's.")
    method: Literal["auto", "bayesian", "random", "grid"] = "auto"
    space: Literal["first", "wide"] | dict[str, dict[str, Any]] = Field(
        "first", description="A search space of ours, or {family: {setting: [values] or {low, high, log, step}}}."
    )
    trials: int | None = Field(None, ge=1, le=MOST_TRIALS, description="At most so many; 50 when not given.")
    time_limit: float | str | None = Field(None, description="Of the search: seconds, or such as 5m; else 20 minutes.")
    families: list[str] = Field([], max_length=50, description="Search these alone.")


class NewCurve(Queueing):
    """How long a version is measured on parts of its rows."""

    time_limit: float | str = Field("2m", description="For the fits: seconds, or such as 90s.")


class NewStability(Queueing):
    """With how many seeds a version is fitted again."""

    seeds: int = Field(5, ge=2, le=100, description="In all, its own among them.")
    time_limit: float | str = Field("20m", description="No further seed begins after it.")


@router.post("/projects/{project}/try", operation_id="try_setting", status_code=201)
@least(Role.TRAINER)
def try_setting(space: Space, who: Who, children: Children, project: ProjectName, body: NewTry) -> Submitted:
    """Queues a version's training with one setting changed; the result is kept only where it proves better."""
    asked = body.model_dump(include={"note", "accept", "together"}) | {"given": body.settings}
    return _queued(space, who, children, "queue_try", project, body, body.version, asked)


@router.post("/projects/{project}/tune", operation_id="tune", status_code=201)
@least(Role.TRAINER)
def tune(space: Space, who: Who, children: Children, project: ProjectName, body: NewSearch) -> Submitted:
    """Queues a search for better settings and the training with what it finds, as one job; its result has `search`."""
    asked = body.model_dump(include={"method", "space", "trials", "time_limit", "families"})
    return _queued(space, who, children, "queue_search", project, body, body.version, asked)


@router.post("/projects/{project}/versions/{version}/learning-curve", operation_id="learning_curve", status_code=201)
@least(Role.TRAINER)
def learning_curve(
    space: Space,
    who: Who,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    body: NewCurve | None = None,
) -> Submitted:
    """Queues fits on parts of a version's rows: would more rows help? The run's result has it under `size_curve`."""
    asked = body or NewCurve.model_validate({})
    limits = {"kind": "learning_curve", "time_limit": asked.time_limit}
    return _queued(space, who, children, "queue_measurement", project, asked, version, limits)


@router.post("/projects/{project}/versions/{version}/stability", operation_id="stability", status_code=201)
@least(Role.TRAINER)
def stability(
    space: Space,
    who: Who,
    children: Children,
    project: ProjectName,
    version: VersionLabel,
    body: NewStability | None = None,
) -> Submitted:
    """Queues fits of a version with other seeds: how much is luck? The run's result has it under `seed_stability`."""
    asked = body or NewStability.model_validate({})
    limits = {"kind": "stability", "time_limit": asked.time_limit, "seeds": asked.seeds}
    return _queued(space, who, children, "queue_measurement", project, asked, version, limits)


@router.post("/runs/{run}/reproduce", operation_id="reproduce", status_code=201)
@least(Role.TRAINER)
def reproduce(space: Space, who: Who, children: Children, run: Number, body: Queueing | None = None) -> Submitted:
    """Queues a repetition of a finished run from its record; it makes no version."""
    with named_in_address(), read(space) as connection:
        get_job(connection, run)
    placed = (body or Queueing.model_validate({})).placed()
    return Submitted(**children.ask("queue_repetition", run=run, **placed, who=who.name))


@router.get("/runs/{run}/reproduction", operation_id="reproduction")
@least(Role.VIEWER)
def reproduction(space: Space, children: Children, run: Number) -> dict[str, Any]:
    """Of a repetition that is completed: whether it came out the same, figure by figure."""
    with read(space) as connection:
        finished(connection, run)
    found: dict[str, Any] = children.ask("reproduction", run=run)
    return found


def _queued(
    space: Workspace,
    who: Caller,
    children: Helpers,
    task: str,
    project: str,
    body: Queueing,
    version: str | None,
    asked: dict[str, Any],
) -> Submitted:
    """Has a child put a job about a project, or a version of it, into the queue."""
    with read(space) as connection:
        found = project_named(connection, project)
        if version is not None:
            with named_in_address():
                get_version(connection, found, int(version[1:]))
    called = project if version is None else f"{project}@{version}"
    return Submitted(**children.ask(task, of=called, **asked, **body.placed(), who=who.name))
