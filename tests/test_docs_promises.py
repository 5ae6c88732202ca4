"""Tests of the documentation: every promise names tests that are there, every link leads to a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_promise_names_tests_that_are_there():
    text = (ROOT / "docs" / "reliability.md").read_text("utf-8")
    held = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"::(test_\w+)", text))
    assert len(named) > 30
    assert [name for name in sorted(named) if f"def {name}(" not in held] == []
    files = set(re.findall(r"\btest_\w+\.py", text))
    assert [name for name in sorted(files) if not list((ROOT / "tests").rglob(name))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
    inner = [link for link in links if not link.startswith(("http:", "https:", "mailto:"))]
    assert [link for link in inner if not (page.parent / link).exists()] == []
