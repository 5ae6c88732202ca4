"""Searches for settings, and their trials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds `search` and `search_trial`."""
    op.create_table(
        "search",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("dataset_version_id", sa.Integer(), nullable=False),
        sa.Column("split_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("method", sa.String(length=20), nullable=False),
        sa.Column("metric", sa.String(length=100), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("next_trial", sa.Integer(), nullable=False),
        sa.Column("space", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'finished')", name=op.f("ck_search_state")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_search_project_id_project")),
        sa.ForeignKeyConstraint(
            ["dataset_version_id"],
            ["dataset_version.id"],
            name=op.f("fk_search_dataset_version_id_dataset_version"),
        ),
        sa.ForeignKeyConstraint(["split_id"], ["split.id"], name=op.f("fk_search_split_id_split")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_search_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search")),
        sa.UniqueConstraint("project_id", "number", name=op.f("uq_search_project_id_number")),
        sqlite_autoincrement=True,
    )
    for name in ("project_id", "dataset_version_id", "split_id", "run_id"):
        op.create_index(op.f(f"ix_search_{name}"), "search", [name], unique=False)
    op.create_table(
        "search_trial",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("settings", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("scores", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("fit_seconds", sa.Float(), nullable=True),
        sa.Column("predict_ms_per_row", sa.Float(), nullable=True),
        sa.Column("size_mb", sa.Float(), nullable=True),
        sa.Column("details", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("artifact", sa.String(length=64), nullable=True),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float(), nullable=True),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'released', 'completed', 'pruned', 'failed')", name=op.f("ck_search_trial_state")
        ),
        sa.ForeignKeyConstraint(["search_id"], ["search.id"], name=op.f("fk_search_trial_search_id_search")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_trial")),
        sa.UniqueConstraint("search_id", "number", name=op.f("uq_search_trial_search_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_search_trial_search_id"), "search_trial", ["search_id"], unique=False)
