"""Tables of searches for settings and their trials."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Integer, String, Text, UniqueConstraint

from trainwright.store.tables.columns import document, identity, moment, refers, table

# A search for settings on one split; it never opens the sealed test.
search = table(
    "search",
    identity(),
    refers("project_id", "project"),
    refers("dataset_version_id", "dataset_version"),
    refers("split_id", "split"),
    refers("run_id", "run"),
    Column("number", Integer, nullable=False),
    Column("state", String(20), nullable=False),
    Column("method", String(20), nullable=False),
    Column("metric", String(100), nullable=False),
    Column("seed", BigInteger, nullable=False),
    # Incremented in the transaction that claims a trial: two processes never take the same number.
    Column("next_trial", Integer, nullable=False),
    document("space"),
    document("settings"),
    document("result"),
    moment(),
    moment("finished_at", required=False),
    UniqueConstraint("project_id", "number"),
    CheckConstraint("state IN ('open', 'finished')", name="state"),
)

search_trial = table(
    "search_trial",
    identity(),
    refers("search_id", "search"),
    Column("number", Integer, nullable=False),
    Column("family", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("owner", Text),
    document("settings"),
    document("scores"),
    Column("fit_seconds", Float),
    Column("predict_ms_per_row", Float),
    Column("size_mb", Float),
    document("details"),
    Column("artifact", String(64)),
    moment(),
    moment("started_at", required=False),
    moment("finished_at", required=False),
    UniqueConstraint("search_id", "number"),
    CheckConstraint("state IN ('running', 'released', 'completed', 'pruned', 'failed')", name="state"),
)
