"""The examples in the docstrings of the server and its client run."""

from __future__ import annotations

import doctest
from importlib import import_module

import pytest

WEB = [
    *("settings", "render", "client_settings", "uploads", "problems", "server", "workers", "api.stream"),
    *("security.roles", "security.caller", "security.secrets", "security.gate", "security.attempts"),
    *("pages.login", "views.story", "wording", "training_form"),
]
CLIENT = ("remote", "remote_results")
MODULES = [*(f"trainwright.web.{name}" for name in WEB), *(f"trainwright.api.{name}" for name in CLIENT)]
MODULES.append("trainwright.cli.serve")


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(import_module(name), optionflags=options)
    assert result.attempted > 0 and result.failed == 0
