"""The page of each check for leaks explains it in the same order, and its example shows the finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGES = Path(__file__).parents[3] / "docs" / "findings"
HEADINGS = ["How it is detected", "Why it matters", "What to do", "Example"]


@pytest.mark.parametrize("code", ["TW201", "TW202", "TW203", "TW204", "TW205", "TW206", "TW402"])
def test_the_example_of_the_page_shows_the_finding(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    page = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)$", page, re.M) == HEADINGS
    example = re.search(r"## Example\n+```python\n(.*?)```", page, re.S)
    assert example is not None
    exec(compile(example[1], code, "exec"), {})
    assert re.search(rf"^(error|warning) {code} ", capsys.readouterr().out, re.M)
