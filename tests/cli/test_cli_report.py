"""The report says what the screen said, and counts openings of the sealed test that came after it was written."""

from __future__ import annotations

import contextlib
import copy
import io
import re
from pathlib import Path
from typing import Any

import pytest
from command_line import Shop, run

from trainwright.cli.progress import Screen
from trainwright.errors import EnvironmentProblem
from trainwright.evaluate.as_chosen import corrected
from trainwright.evaluate.report import render_report
from trainwright.store import workspace as workspaces


def _page(shop: Shop, version: str) -> tuple[Path, str]:
    said = run("report", version, "--json", "--workspace", shop.workspace)
    assert said.code == 0, said.err
    page = Path(said.document["report"])
    return page, page.read_text(encoding="utf-8")


def test_openings_after_the_page_was_written_are_counted(shop: Shop) -> None:
    first = Path(shop.document["report"]).read_text(encoding="utf-8")
    assert "This is opening number 1 of this project" in first and "it was opened" not in first
    page, text = _page(shop, "shop@v1")
    assert re.search(r"opening number 1 of .* Until 20\d\d-\d\d-\d\d \d\d:\d\d it was opened 2 times\.", text)
    assert "it was opened 2 times" in page.with_name("model_card.md").read_text(encoding="utf-8")
    assert _page(shop, "shop@v1")[0] == page  # nothing happened since
    assert "it was opened" not in _page(shop, "shop@v2")[1]  # the last opening was its own


def test_a_page_that_cannot_be_written_anew_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = workspaces.open_workspace

    def unwritable(*words: Any, read_only: bool = False, **more: Any) -> Any:
        if not read_only:
            raise EnvironmentProblem("the workspace can only be read")
        return opened(*words, read_only=read_only, **more)

    monkeypatch.setattr(workspaces, "open_workspace", unwritable)
    monkeypatch.setattr("trainwright.training.report_again.openings_since", lambda *given: 1)
    said = run("report", "shop@v1", "--workspace", shop.workspace)
    assert said.code == 0 and "opened 1 more time since this page was written" in said.out
    assert "the workspace can only be read" in said.out
    found = run("report", "shop@v1", "--json", "--workspace", shop.workspace).document
    assert "more time" in found["note"] and Path(found["report"]).is_file()


@pytest.mark.parametrize(("value", "before", "said"), [(0.91234, 0.91351, True), (0.912341, 0.912342, False)])
def test_screen_and_report_tell_the_same_figure(trained: Shop, value: float, before: float, said: bool) -> None:
    document = copy.deepcopy(trained.document)
    metric = document["metric"]
    document["validation"][metric] |= {"value": value, "as_chosen": before}
    document["comparison"]["optimism"] = {"candidates": 4, "bias": before - value, "picked": 1.0, "repeats": 30}
    with contextlib.redirect_stdout(io.StringIO()) as screen:
        Screen(quiet=False, started=0.0).result(document)
    words = corrected(document)
    assert bool(words) is said
    if said:
        assert words.startswith("Having been chosen among 4 candidates") and "counts as 0.9123, not 0.9135" in words
        assert words in screen.getvalue() and words in render_report(document, {})
    else:
        assert "Having been chosen" not in screen.getvalue()
