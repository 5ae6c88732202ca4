"""Tables of those who execute jobs, and of the moments at which jobs are made: workers and schedules."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, String, Text

from trainwright.store.tables.columns import document, identity, moment, refers, table

# A process that claims jobs; one that starts again under its name takes over its row.
worker = table(
    "worker",
    identity(),
    Column("name", String(200), nullable=False, unique=True),
    Column("host", Text, nullable=False),
    Column("process", Text),
    document("slots"),
    moment("started_at"),
    moment("seen_at"),
    moment("stopped_at", required=False),
)

schedule = table(
    "schedule",
    identity(),
    refers("project_id", "project"),
    Column("cron", String(200), nullable=False),
    # The time zone that the cron line is read in, by its IANA name.
    Column("zone", String(100), nullable=False, server_default="UTC"),
    Column("kind", String(20), nullable=False),
    document("settings"),
    Column("source", Text),
    Column("enabled", Boolean, nullable=False),
    # Moved on in the transaction that makes the job of its moment, so that a moment is neither skipped nor doubled.
    moment("next_at", required=False),
    moment("last_at", required=False),
    moment(),
    Column("who", Text, nullable=False),
)
