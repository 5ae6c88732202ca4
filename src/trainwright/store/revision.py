"""The revisions of the tables that this release knows, without importing Alembic (0.25 s) to find out."""

from __future__ import annotations

# Oldest first; a test compares this with the files under `migrations/versions`.
REVISIONS = ("0001", "0002", "0003", "0004")
HEAD = REVISIONS[-1]
