"""Tables of model versions: how each was evaluated, when the sealed test was opened, what decides, what answers."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)

from trainwright.store.tables.columns import document, identity, moment, refers, table

version = table(
    "version",
    identity(),
    refers("project_id", "project"),
    Column("number", Integer, nullable=False),
    refers("run_id", "run", required=False),
    refers("dataset_version_id", "dataset_version", required=False),
    Column("state", String(20), nullable=False),
    Column("artifact", String(64), nullable=False),
    Column("manifest_sha", String(64), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    document("metrics"),
    document("details"),
    Column("comments", Text),
    moment(),
    moment("deleted_at", required=False),
    UniqueConstraint("project_id", "number"),
    CheckConstraint("state IN ('kept', 'deleted')", name="state"),
)

evaluation = table(
    "evaluation",
    identity(),
    refers("run_id", "run", required=False),
    refers("version_id", "version", required=False),
    Column("part", String(20), nullable=False),
    Column("source", Text),
    document("document"),
    moment(),
    CheckConstraint("part IN ('validation', 'test', 'file')", name="part"),
)

test_opening = table(
    "test_opening",
    identity(),
    refers("project_id", "project"),
    refers("run_id", "run", required=False),
    refers("version_id", "version", required=False),
    refers("split_id", "split", required=False),
    Column("k", Integer, nullable=False),
    Column("who", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("manifest_sha", String(64)),
    moment("at"),
    UniqueConstraint("project_id", "k"),
)

decision = table(
    "decision",
    identity(),
    refers("version_id", "version"),
    Column("number", Integer, nullable=False),
    document("document"),
    Column("who", Text, nullable=False),
    moment(),
    UniqueConstraint("version_id", "number"),
)

deployment = table(
    "deployment",
    identity(),
    refers("project_id", "project"),
    refers("version_id", "version"),
    refers("decision_id", "decision", required=False),
    Column("mode", String(20), nullable=False),
    Column("share", Float, nullable=False),
    Column("action", String(20), nullable=False),
    Column("who", Text, nullable=False),
    moment("started_at"),
    moment("ended_at", required=False),
    # "What answers now" is asked at every prediction, and its history grows for ever.
    Index("ix_deployment_current", "project_id", "ended_at"),
)
