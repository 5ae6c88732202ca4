"""The examples in the docstrings of the configuration run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

MODULES = "document durations effects flags known neural places resolve schema settings source template words"


@pytest.mark.parametrize("name", MODULES.split())
def test_examples(name: str) -> None:
    result = doctest.testmod(import_module(f"trainwright.config.{name}"), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0 and result.failed == 0
