"""How far a training is: what it does now, how many fits are done of how many, and how long the rest may take."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from trainwright.store import tables
from trainwright.store.clock import now
from trainwright.store.events import Event
from trainwright.web.views.jobs import JobRow, document_of
from trainwright.web.views.story import words_of

# The limit where a run names none.
DEFAULT_LIMIT = 120.0
# The fits are about this share of the time; the rest is choosing, the package, the sealed test and the report.
FITS = 0.9
# What a training says about where it is.
TELLING = ("fold_started", "fold", "epoch", "refit_started", "stage", "plan", "search_trial")


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Args:
        words: what it does now.
        fits, planned: done, and how many there are to do; 0 planned while there is no plan.
        folds: of each candidate; 0 while there is no plan.
        epoch, epochs: of the network that learns now, or None.
        share: of the whole, from 0 to 1; None while nothing is known.
        left: seconds that the rest may take, never more than the time limit leaves; None where it does not work.
        limit: seconds that it may take at most.
        metric: what the candidates are judged by, once one is known.
    """

    words: str
    fits: int
    planned: int
    folds: int
    epoch: int | None
    epochs: int | None
    share: float | None
    left: float | None
    limit: float
    metric: str | None


def progress_of(connection: Connection, job: JobRow) -> Progress:
    """How far a job is."""
    settings = document_of(connection, job.run, "settings") or {}
    limit = float((settings.get("training") or {}).get("time_limit") or DEFAULT_LIMIT)
    plan = _latest(connection, job, "plan")
    steps = [] if plan is None else (plan.data or {}).get("steps", [])
    folds = int((plan.data or {}).get("folds", 0)) if plan is not None else 0
    planned = len(steps) * folds
    trial = tables.trial
    done = select(func.count()).where(trial.c.run_id == job.run, trial.c.fold >= 0)
    fits = int(connection.execute(done).scalar_one())
    planned = max(planned, fits)
    telling = None if job.finished or job.state == "queued" else _latest(connection, job, *TELLING)
    epoch, epochs = _epoch(telling)
    share = _share(job.state, fits, planned)
    left = None
    if job.started_at is not None and not job.finished and job.state != "queued":
        gone = max(0.0, now(connection) - job.started_at)
        left = max(0.0, limit - gone)
        if share is not None and share > 0.1:
            left = min(left, gone / share - gone)
    return Progress(
        _words(telling),
        fits,
        planned,
        folds,
        epoch,
        epochs,
        share,
        left,
        limit,
        _metric(connection, job),
    )


def _latest(connection: Connection, job: JobRow, *kinds: str) -> Event | None:
    event = tables.event.c
    query = select(event.seq, event.at, event.kind, event.state, event.message, event.data)
    query = query.where(event.run_id == job.run, event.attempt == job.attempt, event.kind.in_(kinds))
    row = connection.execute(query.order_by(event.seq.desc()).limit(1)).first()
    return None if row is None else Event(job.run, job.attempt, **row._mapping)


def _metric(connection: Connection, job: JobRow) -> str | None:
    """The metric of the candidates, which is chosen when the run begins; any finished fold names it."""
    if job.metric is not None:
        return job.metric
    fold = _latest(connection, job, "fold")
    found = None if fold is None else (fold.data or {}).get("metric")
    return None if found is None else str(found)


def _epoch(telling: Event | None) -> tuple[int | None, int | None]:
    data = {} if telling is None else telling.data or {}
    if telling is None or telling.kind != "epoch" or "epoch" not in data:
        return None, None
    return int(data["epoch"]), int(data["epochs"])


def _share(state: str, fits: int, planned: int) -> float | None:
    if state == "completed":
        return 1.0
    if state == "evaluating":
        return FITS
    return FITS * fits / planned if planned else None


def _words(telling: Event | None) -> str:
    return "" if telling is None else words_of(telling.kind, telling.state, telling.message, telling.data or {})
