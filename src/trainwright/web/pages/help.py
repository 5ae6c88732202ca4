"""Help: what every figure and word means, in plain language."""

from __future__ import annotations

from fastapi import Request
from starlette.responses import HTMLResponse

from trainwright.web.pages import page
from trainwright.web.render import render
from trainwright.web.security.roles import Role, least

router = page()


@router.get("/help")
@least(Role.VIEWER)
def words(request: Request) -> HTMLResponse:
    """Shows the words of the pages and the dictionary that reports and the command line use, too."""
    from trainwright.evaluate.glossary import METRICS, TERMS
    from trainwright.web.words import WORDS

    terms = dict(sorted((WORDS | TERMS).items(), key=lambda entry: entry[1][0].lower()))
    return render(request, "help.html", {"metrics": METRICS, "terms": terms})
