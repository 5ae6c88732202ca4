"""Tables of runs: their jobs, attempts, events, trials, points of curves and findings."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
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
    Column("state", String(20), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("cancel_asked", Boolean, nullable=False, default=False),
    moment("queued_at"),
    moment("started_at", required=False),
    moment("finished_at", required=False),
    moment("lease_until", required=False),
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
