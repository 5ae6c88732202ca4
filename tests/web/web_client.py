"""What tests of the server share: its address, its token, and what a page's forms carry."""

from __future__ import annotations

import re

TOKEN = "the-token-of-this-test-server"
ADDRESS = "http://127.0.0.1:8080"
PROJECT = "shop"


def csrf_of(page: str) -> str:
    """What the forms of a page carry."""
    found = re.search(r'<meta name="csrf" content="([^"]*)">', page)
    assert found is not None
    return found[1]
