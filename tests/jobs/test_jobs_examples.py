"""The examples in the docstrings of the queue run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest


@pytest.mark.parametrize("name", ["cron", "lost", "slots", "waiting"])
def test_examples(name: str) -> None:
    result = doctest.testmod(import_module(f"trainwright.jobs.{name}"), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0
