"""Tables of projects and their data: versions of tables, splits, what is sealed, and what people said about labels."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from trainwright.store.tables.columns import document, identity, metadata, moment, refers, table

project = table(
    "project",
    identity(),
    Column("name", String(200), nullable=False, unique=True),
    Column("target", Text),
    document("problem"),
    moment(),
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

dataset_version = table(
    "dataset_version",
    identity(),
    refers("project_id", "project"),
    Column("number", Integer, nullable=False),
    Column("sha", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("source", Text),
    Column("rows", BigInteger, nullable=False),
    Column("columns", Integer, nullable=False),
    document("schema"),
    document("target"),
    document("notes"),
    Column("artifact", String(64)),
    moment(),
    # Of a version made from another one: which, by whom, and what was changed.
    document("origin"),
    UniqueConstraint("project_id", "number"),
    UniqueConstraint("project_id", "sha"),
)

split = table(
    "split",
    identity(),
    refers("project_id", "project"),
    refers("dataset_version_id", "dataset_version"),
    document("rule"),
    document("summary"),
    document("artifacts"),
    moment(),
)

sealed_key = table(
    "sealed_key",
    identity(),
    refers("project_id", "project"),
    refers("dataset_version_id", "dataset_version", required=False),
    Column("kind", Text, nullable=False),
    Column("part", String(20), nullable=False),
    Column("artifact", String(64), nullable=False),
    Column("keys", BigInteger, nullable=False),
    moment(),
    CheckConstraint("part IN ('test', 'development')", name="part"),
)

# What a person said about a label that looked wrong; never altered, except that it may be taken back.
label_decision = table(
    "label_decision",
    identity(),
    refers("project_id", "project"),
    refers("dataset_version_id", "dataset_version"),
    refers("run_id", "run", required=False),
    Column("row", BigInteger, nullable=False),
    Column("key", String(16), nullable=False),
    Column("decision", String(20), nullable=False),
    Column("given", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("who", Text, nullable=False),
    moment(),
    moment("undone_at", required=False),
    CheckConstraint("decision IN ('accepted', 'rejected')", name="decision"),
)
