"""An index of the jobs that wait for a worker, in the order in which they are claimed, in place of one by state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds `ix_job_waiting`; with `ix_job_state` beside it SQLite would sort all that wait at every claim."""
    waiting = sa.text("state = 'queued' AND owner IS NULL")
    order: list[str | sa.TextClause] = [sa.text("priority DESC"), "queued_at", "run_id"]
    op.drop_index("ix_job_state", table_name="job")
    op.create_index("ix_job_waiting", "job", order, unique=False, sqlite_where=waiting, postgresql_where=waiting)
