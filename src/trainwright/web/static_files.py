"""The files that browsers fetch: our style and script, and Plotly's from the installed package; kept by their hash."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from trainwright.errors import EnvironmentProblem
from trainwright.web.problems import Refusal
from trainwright.web.security.guard import GuardedRoute
from trainwright.web.security.roles import Role, least

TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
PLOTLY = "plotly.min.js"
# Of the report: what its sections look like, and the rows behind a cell of its confusion matrix.
REPORT = ("sections.css", "examples.js")
A_YEAR = "public, max-age=31536000, immutable"

router = APIRouter(prefix="/static", route_class=GuardedRoute, include_in_schema=False)


@dataclass(frozen=True)
class StaticFile:
    """A file as it is sent: its type, its content, and the content compressed."""

    kind: str
    content: bytes
    packed: bytes
    mark: str


@cache
def names() -> frozenset[str]:
    """The files there are; nothing else is ever opened."""
    own = (entry.name for entry in files("trainwright.web").joinpath("static").iterdir())
    return frozenset((*(name for name in own if name.rpartition(".")[2] in TYPES), *REPORT, PLOTLY))


@cache
def file(name: str) -> StaticFile:
    """A file by its name, one of `names`."""
    if name == PLOTLY:
        content = _plotly()
    elif name in REPORT:
        content = files("trainwright.evaluate").joinpath("templates", name).read_bytes()
    else:
        content = files("trainwright.web").joinpath("static", name).read_bytes()
    mark = hashlib.sha256(content).hexdigest()[:12]
    return StaticFile(TYPES[name.rpartition(".")[2]], content, gzip.compress(content, 6, mtime=0), mark)


@cache
def address(name: str) -> str:
    """Where a page fetches a file; another content has another address, so it can be kept for ever."""
    if name == PLOTLY:  # by the version of the package, so that a first page need not read 4 MB
        return f"/static/{PLOTLY}?v={_plotly_version()}"
    return f"/static/{name}?v={file(name).mark}"


@router.get("/{name}")
@least(Role.ANYBODY)
def get_static(name: str, request: Request) -> Response:
    """One of our files."""
    if name not in names():
        raise Refusal(404, f"there is no file {name!r}")
    found = file(name)
    headers = {"cache-control": A_YEAR, "etag": f'"{found.mark}"', "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.kind, headers={**headers, "content-encoding": "gzip"})
    return Response(found.content, media_type=found.kind, headers=headers)


def _plotly() -> bytes:
    """plotly.js of the installed package, found without importing it."""
    spec = find_spec("plotly")
    where = Path(spec.origin).parent / "package_data" / PLOTLY if spec and spec.origin else None
    if where is None or not where.is_file():
        raise EnvironmentProblem(
            "the figures need plotly's script, package_data/plotly.min.js, and it is not installed",
            remedy="pip install plotly",
        )
    return where.read_bytes()


def _plotly_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("plotly")
    except PackageNotFoundError:
        return "0"
