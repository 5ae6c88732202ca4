"""Somebody with a browser of their own in front of a page of the server; and what pages are measured by."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from web_client import TOKEN

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# The mark of tests that take the fixture `reader`.
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class Reader:
    """A browser of one person, signed in; `page` is what it shows.

    Args:
        browser: Chromium, started.
        home: the address of the server; nothing else is reached, but what a page makes itself to be saved.
        path: the first page.
        width, scheme: of the window in pixels; "light" or "dark".
        account: name and password, to sign in by the form; the server's token otherwise.
        excused: what the console may complain about, where a test provokes it.
    """

    def __init__(
        self,
        browser: Any,
        home: str,
        path: str = "/",
        *,
        width: int = 1280,
        scheme: str = "light",
        account: tuple[str, str] | None = None,
        excused: str = "",
    ):
        self.home = home
        self.trouble: list[str] = []
        self._excused = excused
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.context.set_default_timeout(120_000)  # what loads models shares its cores with other tests
        self.context.route("**/*", self._asked)
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.page.on("console", self._told)
        self.page.on("dialog", lambda dialog: dialog.accept())
        if account is None:
            self.page.goto(f"{home}/login?token={TOKEN}")
        else:
            self.page.goto(f"{home}/login")
            self.page.get_by_label("Name").fill(account[0])
            self.page.get_by_label("Password").fill(account[1])
            self.page.get_by_role("button", name="Sign in", exact=True).click()
            self.page.wait_for_url(f"{home}/")
        if path != "/":
            self.open(path)

    def open(self, path: str) -> None:
        """Goes to a page of the server."""
        self.page.goto(self.home + path)

    def _asked(self, route: Any) -> None:
        if route.request.url.startswith((f"{self.home}/", "blob:")):
            route.continue_()
        else:
            self.trouble.append(f"asked for {route.request.url}")
            route.abort()

    def _told(self, message: Any) -> None:
        if message.type in ("error", "warning") and not (self._excused and self._excused in message.text):
            self.trouble.append(message.text)
