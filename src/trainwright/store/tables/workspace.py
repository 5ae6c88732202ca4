"""Tables of the workspace as a whole: who did what, messages to send, and which published folders are needed."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text

from trainwright.store.tables.columns import document, identity, metadata, moment, refers, table

audit = table(
    "audit",
    identity(),
    moment("at"),
    Column("who", Text, nullable=False),
    Column("action", String(40), nullable=False),
    refers("project_id", "project", required=False),
    Column("subject", Text, nullable=False),
    document("details"),
)

outbox = table(
    "outbox",
    identity(),
    Column("topic", String(40), nullable=False),
    refers("run_id", "run", required=False),
    document("payload"),
    moment(),
    moment("done_at", required=False),
)

# What a row needs beyond its own `artifact` column: the parts of a split, the files of a report.
artifact_use = Table(
    "artifact_use",
    metadata,
    Column("sha", String(64), primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("kind", String(40), nullable=False),
    moment(),
)
