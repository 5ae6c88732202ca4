"""The tables of a workspace, as SQLAlchemy Core metadata that SQLite and PostgreSQL both understand.

Rows of users are never deleted: a deleted version keeps its row.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from trainwright.store.tables.columns import metadata
from trainwright.store.tables.data import counter, dataset_version, label_decision, project, sealed_key, split
from trainwright.store.tables.queue import schedule, worker
from trainwright.store.tables.runs import WAITING, attempt, event, finding, job, job_after, metric_point, run, trial
from trainwright.store.tables.searches import search, search_trial
from trainwright.store.tables.versions import decision, deployment, evaluation, test_opening, version
from trainwright.store.tables.web import ROLES, account, session, token, upload
from trainwright.store.tables.workspace import artifact_use, audit, outbox

__all__ = [
    "NAMES_ARTIFACTS",
    "ROLES",
    "WAITING",
    "account",
    "artifact_use",
    "attempt",
    "audit",
    "counter",
    "dataset_version",
    "decision",
    "deployment",
    "evaluation",
    "event",
    "finding",
    "job",
    "job_after",
    "label_decision",
    "metadata",
    "metric_point",
    "outbox",
    "project",
    "run",
    "schedule",
    "sealed_key",
    "search",
    "search_trial",
    "session",
    "split",
    "test_opening",
    "token",
    "trial",
    "upload",
    "version",
    "worker",
]

# The columns that name a published folder by its hash; `sweep` keeps whatever one of them names.
NAMES_ARTIFACTS: tuple[Column[Any], ...] = (
    dataset_version.c.artifact,
    sealed_key.c.artifact,
    trial.c.artifact,
    search_trial.c.artifact,
    version.c.artifact,
    upload.c.artifact,
    artifact_use.c.sha,
)
