"""Decisions about labels that look wrong, and where a dataset version comes from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds `dataset_version.origin` and `label_decision`."""
    op.add_column("dataset_version", sa.Column("origin", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "label_decision",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("dataset_version_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=16), nullable=False),
        sa.Column("decision", sa.String(length=20), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("created", sa.Float(), nullable=False),
        sa.Column("undone_at", sa.Float(), nullable=True),
        sa.CheckConstraint("decision IN ('accepted', 'rejected')", name=op.f("ck_label_decision_decision")),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_label_decision_project_id_project")),
        sa.ForeignKeyConstraint(
            ["dataset_version_id"],
            ["dataset_version.id"],
            name=op.f("fk_label_decision_dataset_version_id_dataset_version"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_label_decision_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_decision")),
        sqlite_autoincrement=True,
    )
    for name in ("project_id", "dataset_version_id", "run_id"):
        op.create_index(op.f(f"ix_label_decision_{name}"), "label_decision", [name], unique=False)
