"""The form of a new training in a real browser: a large file is dropped on it, and what was set is copied as YAML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web_browser import Reader, needs_browser
from web_server import Servers

from trainwright.config.source import load_settings
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.web.settings import WebSettings
from trainwright.web.uploads import list_uploads, upload_path

pytestmark = needs_browser
ROWS = 3000
# A table with long texts, made in the browser as a file that somebody drags.
DRAGGED = """(rows) => {
  const lines = [...Array(rows).keys()].map((i) => `${i % 7},${"word ".repeat(300)}${i},${i % 2 ? "yes" : "no"}`);
  const dragged = new DataTransfer();
  dragged.items.add(new File(["age,note,bought\\n" + lines.join("\\n") + "\\n"], "dropped.csv"));
  return dragged;
}"""


@pytest.fixture
def page(reader: Callable[..., Reader], live: Servers, workspace: Workspace) -> Any:
    """The page New training of an empty workspace; what is in a table is not looked at, which takes time."""
    home = live(workspace)
    one = reader(home)
    one.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=home)
    one.context.route("**/new/statistics?**", lambda route: route.fulfill(body="<h2>not looked at</h2>"))
    one.open("/new")
    return one.page


def test_a_large_file_is_dropped_and_its_settings_are_copied(page: Any, workspace: Workspace) -> None:
    form = page.locator("#upload")
    dragged = page.evaluate_handle(DRAGGED, ROWS)
    form.dispatch_event("dragover", {"dataTransfer": dragged})
    assert "over" in form.get_attribute("class").split()  # that it may be let go here can be seen
    form.dispatch_event("dragleave", {"dataTransfer": dragged})
    assert "over" not in form.get_attribute("class").split()
    form.dispatch_event("drop", {"dataTransfer": dragged})
    page.wait_for_url("**/new?upload=1")

    with read(workspace) as connection:
        (sent,) = list_uploads(connection, limit=2)
    expected = "age,note,bought\n" + "".join(
        f"{i % 7},{'word ' * 300}{i},{'yes' if i % 2 else 'no'}\n" for i in range(ROWS)
    )
    assert sent.name == "dropped.csv" and len(expected) > WebSettings.body_bytes  # more than a form may send
    assert upload_path(workspace, sent.id).read_text(encoding="utf-8") == expected

    page.get_by_label("Preset").select_option("quick")
    page.locator("#as-yaml", has_text="preset: quick").wait_for()
    page.get_by_role("button", name="Copy").click()
    page.locator("#said", has_text="The YAML is copied.").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#as-yaml").text_content()
    settings = load_settings(text=copied)
    assert (settings.training.preset, settings.data.target) == ("quick", "bought")
