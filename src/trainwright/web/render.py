"""Renders pages: our templates, which escape every value, with what all of them need."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from trainwright.evaluate import text
from trainwright.web.security.caller import Caller
from trainwright.web.static_files import address
from trainwright.web.wording import for_page

DASH = "–"


def render(request: Request, template: str, values: Mapping[str, Any], *, status: int = 200) -> HTMLResponse:
    """A page.

    Args:
        request: for whom.
        template: file under `templates`.
        values: its names. Every template also has `caller` (or None), `csrf` (for forms) and `path`.
        status: of HTTP.
    """
    caller: Caller | None = getattr(request.state, "caller", None)
    csrf = "" if caller is None else caller.csrf or ""
    common = {"caller": caller, "csrf": csrf, "path": request.url.path}
    page = environment().get_template(template).render({**common, **values})
    return HTMLResponse(page, status_code=status)


@cache
def environment() -> Environment:
    """The templates, compiled once."""
    made = Environment(
        loader=PackageLoader("trainwright.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        auto_reload=False,
    )
    made.filters.update(
        moment=moment,
        ago=ago,
        seconds=seconds,
        figure=figure,
        data=data,
        number=text.number,
        count=text.count,
        told=for_page,
    )
    made.globals.update(static=address, explain=text.explain)
    return made


def data(value: Any) -> Markup:
    """JSON that is safe inside a script element, for `<script type="application/json">`."""
    from trainwright.evaluate.page import script_json

    return script_json(value)


def moment(at: float | None) -> Markup | str:
    """A time as an element that the page's script turns into the reader's own zone; UTC without it."""
    if at is None:
        return DASH
    when = datetime.fromtimestamp(at, UTC)
    words = when.strftime("%Y-%m-%d %H:%M UTC")
    return Markup('<time datetime="{}">{}</time>').format(when.isoformat(timespec="seconds"), words)


def ago(at: float | None) -> Markup | str:
    """A time in the past in words, with the exact time for those who point at it."""
    if at is None:
        return DASH
    passed = max(0.0, time.time() - at)
    words = "just now" if passed < 45 else f"{about(passed)} ago"
    when = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    return Markup('<time datetime="{}" class="ago">{}</time>').format(when, words)


def seconds(length: float | None) -> str:
    """A length of time in words.

    Example:
        >>> seconds(42), seconds(3 * 60 + 5), seconds(7200), seconds(None)
        ('42 s', '3 min 5 s', '2 h', '–')
    """
    if length is None or not math.isfinite(length):
        return DASH
    whole = round(length)
    if whole < 60:
        return f"{length:.1f} s" if length < 10 and length != whole else f"{whole} s"
    for size, name, part, small in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {name}" + (f" {rest} {small}" if rest else "")
    return DASH


def about(length: float) -> str:
    """A length of time in words, to its largest unit.

    Example:
        >>> about(50), about(2756), about(100_000)
        ('50 s', '45 min', '1 d')
    """
    for size, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if length >= size:
            return f"{int(length // size)} {name}"
    return f"{length:.0f} s"


def figure(found: Mapping[str, Any] | None, metric: str | None) -> Markup | str:
    """A metric's value with its interval: `{{ row.figure | figure(row.metric) }}`."""
    if not found or metric is None or found.get("value") is None:
        return DASH
    spread = text.interval(metric, found)
    shown = Markup('<span class="value">{}</span>').format(text.score(metric, found))
    return shown + (Markup(' <span class="interval">{}</span>').format(spread) if spread else Markup(""))


def as_json(value: Any) -> str:
    """Strict JSON for attributes."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)
