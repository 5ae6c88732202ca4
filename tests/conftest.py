"""What holds for every test: generated cases are the same at every run, and a slow machine fails none."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
