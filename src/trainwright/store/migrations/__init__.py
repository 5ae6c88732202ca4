"""Alembic's folder: one file for each change of the tables since the first release."""
