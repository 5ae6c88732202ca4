"""The tables of a workspace, as SQLAlchemy Core metadata that SQLite and PostgreSQL both understand.

Times are seconds since 1970 (UTC). JSON columns hold documents that are written once and read whole;
whatever a query filters or sorts by is a column of its own. Rows of users are never deleted: a deleted
version keeps its row.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from trainwright.store.states import STATES

# Named constraints, because a later migration can only drop what has a name.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _identity() -> Column[Any]:
    # AUTOINCREMENT (see `sqlite_autoincrement`) never gives a number again, so an old reference cannot meet
    # a new row.
    return Column("id", Integer, primary_key=True, autoincrement=True)


def _refers(name: str, table: str, *, required: bool = True) -> Column[Any]:
    return Column(name, Integer, ForeignKey(f"{table}.id"), nullable=not required, index=True)


def _time(name: str = "created", *, required: bool = True) -> Column[Any]:
    return Column(name, Float, nullable=not required)


def _document(name: str) -> Column[Any]:
    # none_as_null: a document that is absent is SQL NULL, so that `IS NULL` finds it.
    return Column(name, JSON(none_as_null=True))


def _table(name: str, *items: Any) -> Table:
    return Table(name, metadata, *items, sqlite_autoincrement=True)


project = _table(
    "project",
    _identity(),
    Column("name", String(200), nullable=False, unique=True),
    Column("target", Text),
    _document("problem"),
    _time(),
)

# Numbers that users see (v1, v2, ...): incremented in the transaction that uses them, so none is lost or
# used twice.
counter = Table(
    "counter",
    metadata,
    Column("project_id", Integer, ForeignKey("project.id"), primary_key=True),
    Column("kind", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)

dataset_version = _table(
    "dataset_version",
    _identity(),
    _refers("project_id", "project"),
    Column("number", Integer, nullable=False),
    Column("sha", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text),
    Column("rows", BigInteger, nullable=False),
    Column("columns", Integer, nullable=False),
    _document("schema"),
    _document("target"),
    _document("notes"),
    Column("artifact", String(64)),
    _time(),
    # Of a version made from another one: which, by whom, and what was changed.
    _document("origin"),
    UniqueConstraint("project_id", "number"),
    UniqueConstraint("project_id", "sha"),
)

split = _table(
    "split",
    _identity(),
    _refers("project_id", "project"),
    _refers("dataset_version_id", "dataset_version"),
    _document("rule"),
    _document("summary"),
    _document("artifacts"),
    _time(),
)

sealed_key = _table(
    "sealed_key",
    _identity(),
    _refers("project_id", "project"),
    _refers("dataset_version_id", "dataset_version", required=False),
    Column("kind", Text, nullable=False),
    Column("part", String(20), nullable=False),
    Column("artifact", String(64), nullable=False),
    Column("keys", BigInteger, nullable=False),
    _time(),
    CheckConstraint("part IN ('test', 'development')", name="part"),
)

# What a person said about a label that looked wrong; never altered, except that it may be taken back.
label_decision = _table(
    "label_decision",
    _identity(),
    _refers("project_id", "project"),
    _refers("dataset_version_id", "dataset_version"),
    _refers("run_id", "run", required=False),
    Column("row", BigInteger, nullable=False),
    Column("key", String(16), nullable=False),
    Column("decision", String(20), nullable=False),
    Column("given", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("who", Text, nullable=False),
    _time(),
    _time("undone_at", required=False),
    CheckConstraint("decision IN ('accepted', 'rejected')", name="decision"),
)

run = _table(
    "run",
    _identity(),
    _refers("project_id", "project"),
    _refers("dataset_version_id", "dataset_version", required=False),
    _refers("split_id", "split", required=False),
    Column("name", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("comments", Text),
    _document("settings"),
    _document("origins"),
    _document("plan"),
    _document("record"),
    _document("result"),
    _document("error"),
    _time(),
)

job = _table(
    "job",
    _identity(),
    _refers("run_id", "run"),
    Column("state", String(20), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("cancel_asked", Boolean, nullable=False, default=False),
    _time("queued_at"),
    _time("started_at", required=False),
    _time("finished_at", required=False),
    _time("lease_until", required=False),
    UniqueConstraint("run_id"),
    CheckConstraint(f"state IN {STATES}", name="state"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("process", Text),
    Column("outcome", String(20)),
    _document("details"),
    _time(),
    _time("started_at", required=False),
    _time("finished_at", required=False),
)

event = _table(
    "event",
    _identity(),
    _refers("run_id", "run"),
    Column("attempt", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    _time("at"),
    Column("kind", String(40), nullable=False),
    Column("state", String(20)),
    Column("message", Text),
    _document("data"),
    UniqueConstraint("run_id", "seq"),
)

trial = _table(
    "trial",
    _identity(),
    _refers("run_id", "run"),
    Column("attempt", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("fold", Integer, nullable=False),
    Column("family", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    _document("settings"),
    _document("derived"),
    Column("seed", BigInteger),
    Column("threads", Integer),
    Column("iterations", Integer),
    Column("rows", BigInteger),
    Column("seconds", Float),
    _document("scores"),
    _document("details"),
    Column("artifact", String(64)),
    _time(),
    UniqueConstraint("run_id", "name", "fold"),
)

# A search for settings on one split; it never opens the sealed test.
search = _table(
    "search",
    _identity(),
    _refers("project_id", "project"),
    _refers("dataset_version_id", "dataset_version"),
    _refers("split_id", "split"),
    _refers("run_id", "run"),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("method", String(20), nullable=False),
    Column("metric", String(100), nullable=False),
    Column("seed", BigInteger, nullable=False),
    # Incremented in the transaction that claims a trial: two processes never take the same number.
    Column("next_trial", Integer, nullable=False),
    _document("space"),
    _document("settings"),
    _document("result"),
    _time(),
    _time("finished_at", required=False),
    UniqueConstraint("project_id", "number"),
    CheckConstraint("state IN ('open', 'finished')", name="state"),
)

search_trial = _table(
    "search_trial",
    _identity(),
    _refers("search_id", "search"),
    Column("number", Integer, nullable=False),
    Column("family", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("owner", Text),
    _document("settings"),
    _document("scores"),
    Column("fit_seconds", Float),
    Column("predict_ms_per_row", Float),
    Column("size_mb", Float),
    _document("details"),
    Column("artifact", String(64)),
    _time(),
    _time("started_at", required=False),
    _time("finished_at", required=False),
    UniqueConstraint("search_id", "number"),
    CheckConstraint("state IN ('running', 'released', 'completed', 'pruned', 'failed')", name="state"),
)

metric_point = Table(
    "metric_point",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("step", Float, nullable=False),
    Column("value", Float),
    _time("at"),
)

finding = _table(
    "finding",
    _identity(),
    _refers("run_id", "run"),
    Column("code", String(100), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("message", Text, nullable=False),
    _document("columns"),
    _document("evidence"),
    Column("remedy", Text),
    CheckConstraint("severity IN ('error', 'warning', 'note')", name="severity"),
)

version = _table(
    "version",
    _identity(),
    _refers("project_id", "project"),
    Column("number", Integer, nullable=False),
    _refers("run_id", "run", required=False),
    _refers("dataset_version_id", "dataset_version", required=False),
    Column("state", String(20), nullable=False),
    Column("artifact", String(64), nullable=False),
    Column("manifest_sha", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    _document("metrics"),
    _document("details"),
    Column("comments", Text),
    _time(),
    _time("deleted_at", required=False),
    UniqueConstraint("project_id", "number"),
    CheckConstraint("state IN ('kept', 'deleted')", name="state"),
)

evaluation = _table(
    "evaluation",
    _identity(),
    _refers("run_id", "run", required=False),
    _refers("version_id", "version", required=False),
    Column("part", String(20), nullable=False),
    Column("source", Text),
    _document("document"),
    _time(),
    CheckConstraint("part IN ('validation', 'test', 'file')", name="part"),
)

test_opening = _table(
    "test_opening",
    _identity(),
    _refers("project_id", "project"),
    _refers("run_id", "run", required=False),
    _refers("version_id", "version", required=False),
    _refers("split_id", "split", required=False),
    Column("k", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("manifest_sha", String(64)),
    _time("at"),
    UniqueConstraint("project_id", "k"),
)

decision = _table(
    "decision",
    _identity(),
    _refers("version_id", "version"),
    Column("number", Integer, nullable=False),
    _document("document"),
    Column("who", Text, nullable=False),
    _time(),
    UniqueConstraint("version_id", "number"),
)

deployment = _table(
    "deployment",
    _identity(),
    _refers("project_id", "project"),
    _refers("version_id", "version"),
    _refers("decision_id", "decision", required=False),
    Column("mode", String(20), nullable=False),
    Column("share", Float, nullable=False),
    Column("action", String(20), nullable=False),
    Column("who", Text, nullable=False),
    _time("started_at"),
    _time("ended_at", required=False),
    # "What answers now" is asked at every prediction, and its history grows for ever.
    Index("ix_deployment_current", "project_id", "ended_at"),
)

audit = _table(
    "audit",
    _identity(),
    _time("at"),
    Column("who", Text, nullable=False),
    Column("action", String(40), nullable=False),
    _refers("project_id", "project", required=False),
    Column("subject", Text, nullable=False),
    _document("details"),
)

outbox = _table(
    "outbox",
    _identity(),
    Column("topic", String(40), nullable=False),
    _refers("run_id", "run", required=False),
    _document("payload"),
    _time(),
    _time("done_at", required=False),
)

# What a row needs beyond its own `artifact` column: the parts of a split, the files of a report.
artifact_use = Table(
    "artifact_use",
    metadata,
    Column("sha", String(64), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("kind", String(40), nullable=False),
    _time(),
)

# The columns that name a published folder by its hash; `sweep` keeps whatever one of them names.
NAMES_ARTIFACTS: tuple[Column[Any], ...] = (
    dataset_version.c.artifact,
    sealed_key.c.artifact,
    trial.c.artifact,
    search_trial.c.artifact,
    version.c.artifact,
    artifact_use.c.sha,
)
