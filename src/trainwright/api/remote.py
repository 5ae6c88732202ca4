"""How a client speaks to a server: requests with a token, answers as plain data, problems as our errors."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import parse_qs, quote, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from trainwright.errors import DiskFull, EnvironmentProblem, TrainwrightError, UserError

PREFIX = "/api/v1"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _NoRedirect(HTTPRedirectHandler):
    """A token is never carried to another address."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True)
class Caller:
    """One server and the token for it.

    Args:
        base: its address without a path.
        token: shown with every request; it is never printed.
        timeout: seconds to wait for one answer.
    """

    base: str
    token: str | None = field(repr=False)
    timeout: float

    def json(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> Any:
        """One request; an open file as body is sent as it is, anything else as JSON.

        Raises:
            UserError, EnvironmentProblem, TrainwrightError: what the server says, or that it cannot be reached.
        """
        with self._open(method, path, body, query) as answer:
            content = answer.read()
        return json.loads(content) if content else None

    def fetch(self, path: str, query: Mapping[str, Any], place: Path) -> Path:
        """Writes an answer into a file, whole or not at all, and returns its place.

        Raises:
            UserError, EnvironmentProblem: as `json`; the place cannot be written.
        """
        part = place.with_name(f".{place.name}.part")
        try:
            with self._open("GET", path, None, query) as answer, part.open("wb") as file:
                while chunk := answer.read(1 << 20):
                    file.write(chunk)
            return part.replace(place)
        except OSError as error:
            raise EnvironmentProblem(f"{place} cannot be written ({error.strerror or error})") from error
        finally:
            part.unlink(missing_ok=True)

    @contextmanager
    def _open(self, method: str, path: str, body: Any, query: Mapping[str, Any]) -> Iterator[HTTPResponse]:
        given = {key: value for key, value in query.items() if value is not None}
        address = f"{self.base}{PREFIX}{quote(path)}" + (f"?{urlencode(given, doseq=True)}" if given else "")
        headers = {"Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content: Any = body
        if body is not None and not hasattr(body, "read"):
            content = json.dumps(body, allow_nan=False, default=str).encode()
            headers["Content-Type"] = "application/json"
        elif body is not None:
            headers["Content-Type"] = "application/octet-stream"
            headers["Content-Length"] = str(_size(body))
        request = Request(address, data=content, headers=headers, method=method)
        try:
            with _opener(self.base).open(request, timeout=self.timeout) as answer:
                yield answer
        except HTTPError as error:
            raise _problem(error) from None
        except (URLError, TimeoutError, ConnectionError, HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise EnvironmentProblem(
                f"the server at {self.base} cannot be reached ({reason})",
                remedy="see whether `trainwright serve` runs there, and the address",
            ) from error


def split_address(url: str) -> tuple[str, str | None]:
    """The server's address, and the token where the address carries one.

    Raises:
        UserError: it is no address of a web server.

    Example:
        >>> split_address("http://127.0.0.1:8080/login?token=abc")
        ('http://127.0.0.1:8080', 'abc')
    """
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{url!r} is no address of a server", remedy="write it like http://127.0.0.1:8080")
    token = parse_qs(parts.query).get("token", [None])[0]
    return f"{parts.scheme}://{parts.netloc}", token


@contextmanager
def as_upload(data: Any) -> Iterator[tuple[str, IO[bytes]]]:
    """A table as a file to send, with its name; a frame becomes Parquet.

    Raises:
        UserError: there is no such file, or the table is none.
    """
    if isinstance(data, str | Path):
        path = Path(data).expanduser()
        try:
            file = path.open("rb")
        except OSError as error:
            raise UserError(f"{path} cannot be read ({error.strerror})", remedy="give the path of a table") from error
        with file:
            yield path.name, file
        return
    from trainwright.data.frames import to_polars

    with tempfile.TemporaryFile() as held:
        to_polars(data).write_parquet(held)
        held.seek(0)
        yield "table.parquet", held


def as_rows(table: Any) -> list[dict[str, Any]]:
    """A table as rows of plain values: times become text, missing ones and not-a-number null."""
    if isinstance(table, list):
        return [{name: _plain(value) for name, value in row.items()} for row in table]
    if isinstance(table, str | Path):
        from trainwright.data.read import ReadOptions, read_table

        frame = read_table(table, ReadOptions()).frame
    else:
        from trainwright.data.frames import to_polars

        frame = to_polars(table)
    return [{name: _plain(value) for name, value in row.items()} for row in frame.iter_rows(named=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return None
    if hasattr(value, "item"):
        return _plain(value.item())
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _opener(base: str) -> OpenerDirector:
    """Calls without redirects; this machine is never called through a proxy."""
    local = urlsplit(base).hostname in LOOPBACK
    return build_opener(_NoRedirect, *([ProxyHandler({})] if local else []))


def _size(file: IO[bytes]) -> int:
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    return size


def _problem(error: HTTPError) -> TrainwrightError:
    """What the server says is wrong, as the error that the library would have raised."""
    try:
        document = json.loads(error.read())
        words, remedy = str(document["detail"]), document.get("remedy")
    except (ValueError, KeyError, TypeError, OSError):
        words, remedy = f"the server answered {error.code} {error.reason}", "see whether the address is Trainwright's"
    if error.code in (503, 507):
        return (EnvironmentProblem if error.code == 503 else DiskFull)(words, remedy=remedy)
    return UserError(words, remedy=remedy) if 300 <= error.code < 500 else TrainwrightError(words, remedy=remedy)
