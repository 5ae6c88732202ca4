"""Tables of runs: their jobs, attempts, events, trials, points of curves and findings."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from trainwright.store.states import STATES
from trainwright.store.tables.columns import document, identity, metadata, moment, refers, table

run = table(
    "run",
    identity(),
    refers("project_id", "project"),
    refers("dataset_version_id", "dataset_version", required=False),
    refers("split_id", "split", required=False),
    Column("name", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("comments", Text),
    document("settings"),
    document("origins"),
    document("plan"),
    document("record"),
    document("result"),
    document("error"),
    moment(),
)

job = table(
    "job",
    identity(),
    refers("run_id", "run"),
    Column("state", String(20), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("cancel_asked", Boolean, nullable=False, default=False),
    moment("queued_at"),
    moment("started_at", required=False),
    moment("finished_at", required=False),
    moment("lease_until", required=False),
    # What is executed: the name of a body that the worker's own code knows, never a path or a command.
    Column("body", String(40), nullable=False, server_default="train"),
    # Higher first; of equal ones, the one that waits longest.
    Column("priority", Integer, nullable=False, server_default="0"),
    # What it takes of a worker's slots while it works.
    Column("cpu", Integer, nullable=False, server_default="1"),
    Column("gpu", Integer, nullable=False, server_default="0"),
    Column("memory_mb", Integer),
    # NULL: waits for a worker. A worker's name: it was claimed. "direct PROCESS": the command that made it executes it.
    Column("owner", Text),
    # A retry waits until then.
    moment("not_before", required=False),
    # Attempts whose process or worker vanished.
    Column("lost", Integer, nullable=False, server_default="0"),
    # The same key is the same submission: it is placed once, however often it is asked for.
    Column("key", String(200), unique=True, index=True),
    UniqueConstraint("run_id"),
    CheckConstraint(f"state IN {STATES}", name="state"),
)

# What waits for a worker, in the order in which it is claimed: a claim looks at one row, however many wait. A query has
# to say it in these words, and no index by state may stand beside this one, or SQLite does not use it.
WAITING = text("job.state = 'queued' AND job.owner IS NULL")
_PART = text("state = 'queued' AND owner IS NULL")
Index(
    "ix_job_waiting",
    job.c.priority.desc(),
    job.c.queued_at,
    job.c.run_id,
    sqlite_where=_PART,
    postgresql_where=_PART,
)

# A run waits for others to be completed.
job_after = Table(
    "job_after",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("after_run_id", Integer, ForeignKey("run.id"), primary_key=True, index=True),
)

attempt = Table(
    "attempt",
    metadata,
    Column("run_id", Integer, ForeignKey("run.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("process", Text),
    Column("outcome", String(20)),
    document("details"),
    moment(),
    moment("started_at", required=False),
    moment("finished_at", required=False),
)

event = table(
    "event",
    identity(),
    refers("run_id", "run"),
    Column("attempt", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    moment("at"),
    Column("kind", String(40), nullable=False),
    Column("state", String(20)),
    Column("message", Text),
    document("data"),
    UniqueConstraint("run_id", "seq"),
)

trial = table(
    "trial",
    identity(),
    refers("run_id", "run"),
    Column("attempt", Integer, nullable=False),
    Column("name", String(200), nullable=False),
    Column("fold", Integer, nullable=False),
    Column("family", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    document("settings"),
    document("derived"),
    Column("seed", BigInteger),
    Column("threads", Integer),
    Column("iterations", Integer),
    Column("rows", BigInteger),
    Column("seconds", Float),
    document("scores"),
    document("details"),
    Column("artifact", String(64)),
    moment(),
    UniqueConstraint("run_id", "name", "fold"),
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
    moment("at"),
)

finding = table(
    "finding",
    identity(),
    refers("run_id", "run"),
    Column("code", String(100), nullable=False),
    Column("severity", String(20), nullable=False),
    Column("message", Text, nullable=False),
    document("columns"),
    document("evidence"),
    Column("remedy", Text),
    CheckConstraint("severity IN ('error', 'warning', 'note')", name="severity"),
)
