"""Where a workspace on PostgreSQL is: a URL that names the database and the folder of artifacts that all machines see.

    postgresql://ann@db.example.org/models?artifacts=/shared/models

The first to open it writes `workspace.json` into that folder, so that the folder alone names the workspace too. The
password is never written down: it comes from the URL, PGPASSWORD or ~/.pgpass, and passes to child processes by their
environment.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url

from trainwright.errors import UserError

MARK = "workspace.json"
# Addresses that this process or the one that started it opened, by folder, for child processes.
OPENED = "TRAINWRIGHT_OPENED"
EXAMPLE = "postgresql://USER@HOST/DATABASE?artifacts=/a/folder/that/all/machines/see"
SSL = ("disable", "prefer", "require", "verify-full")


@dataclass(frozen=True)
class Address:
    """A workspace on PostgreSQL.

    Args:
        url: of the database, without what is ours; its text hides the password.
        artifacts: the absolute folder of artifacts.
        ssl: "disable", "prefer", "require" or "verify-full".
    """

    url: URL
    artifacts: Path
    ssl: str = "prefer"

    @property
    def place(self) -> str:
        """The database, as messages call it."""
        host = self.url.host or self.url.query.get("host")
        port = "" if self.url.port is None else f":{self.url.port}"
        return f"database {self.url.database} on {host}{port}"

    @property
    def same(self) -> tuple[Any, ...]:
        """What tells two databases apart; a server may go by several names."""
        return (self.url.database,)


def is_address(text: str | Path | None) -> bool:
    """Whether a text names a workspace on PostgreSQL rather than a folder.

    Example:
        >>> is_address("postgresql://ann@db/models?artifacts=/shared"), is_address("runs/.trainwright")
        (True, False)
    """
    return text is not None and re.match(r"postgres(ql)?(\+\w+)?:/", str(text)) is not None


def parse_address(text: str, *, artifacts: Path | None = None) -> Address:
    """An address from its text.

    Args:
        text: see the module.
        artifacts: the folder, where the text names none.

    Raises:
        UserError: it cannot be read, or names no user, database or folder; the message never shows a password.

    Example:
        >>> parse_address("postgresql://ann:secret@db:5433/models?artifacts=/shared").place
        'database models on db:5433'
    """
    # A path swallows one of two slashes.
    text = re.sub(r"^postgres(ql)?(\+\w+)?:/+", "postgresql+pg8000://", text)
    try:
        url = make_url(text)
    except Exception as error:  # noqa: BLE001 - whatever it is, its message could show the password
        raise UserError(f"the workspace's address cannot be read ({type(error).__name__})", remedy=EXAMPLE) from None
    query = {key: str(value) for key, value in url.query.items()}
    folder, ssl, socket = query.pop("artifacts", None), query.pop("sslmode", "prefer"), query.pop("host", None)
    if query:
        raise UserError(
            f"the workspace's address has {', '.join(sorted(query))}, which is not known",
            remedy="known are artifacts, sslmode and host (a folder with the server's socket)",
        )
    if ssl not in SSL:
        raise UserError(f"sslmode is {ssl!r}", remedy=f"one of {', '.join(SSL)}")
    if folder is not None and not Path(folder).expanduser().is_absolute():
        raise UserError(f"artifacts={folder} is no absolute path", remedy=EXAMPLE)
    place = Path(folder).expanduser() if folder is not None else artifacts
    missing = {
        "user": url.username,
        "host": url.host or socket,
        "database": url.database,
        "artifacts (the folder that all machines see)": place,
    }
    for what, value in missing.items():
        if not value:
            raise UserError(f"the workspace's address names no {what}", remedy=EXAMPLE)
    assert place is not None
    return Address(url.set(query={} if socket is None else {"host": socket}), place.absolute(), ssl)


def address_of(folder: Path) -> Address | None:
    """The address of the workspace whose artifacts are in a folder; None where it is no such folder.

    Raises:
        UserError: what stands in its `workspace.json` cannot be read.
    """
    for text in (*_opened().values(), os.environ.get("TRAINWRIGHT_WORKSPACE", "")):
        if is_address(text) and (found := parse_address(text, artifacts=Path())).artifacts == folder.absolute():
            return found
    return _marked(folder.absolute())


def leave_mark(address: Address) -> None:
    """Writes the address into its folder, without the password, and keeps it for child processes with it.

    Raises:
        UserError: the folder is another workspace's.
    """
    from trainwright.store.files import write_whole

    folder = address.artifacts
    folder.mkdir(parents=True, exist_ok=True)
    found = _marked(folder)
    if found is not None and found.same != address.same:
        raise UserError(
            f"{folder} holds the artifacts of the {found.place}, not of the {address.place}",
            remedy="name another folder with artifacts=",
        )
    if found is None:
        shown = _text(address.url, password=False)
        write_whole(folder / MARK, (json.dumps({"database": shown}, indent=2) + "\n").encode())
    given = _text(address.url) + ("&" if address.url.query else "?") + f"artifacts={folder}&sslmode={address.ssl}"
    os.environ[OPENED] = json.dumps({**_opened(), str(folder): given})


def password_of(address: Address) -> str | None:
    """The password: the address's own, PGPASSWORD's, or that of ~/.pgpass (PGPASSFILE)."""
    if address.url.password is not None:
        return str(address.url.password)
    if "PGPASSWORD" in os.environ:
        return os.environ["PGPASSWORD"]
    file = Path(os.environ.get("PGPASSFILE") or "~/.pgpass").expanduser()
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    url = address.url
    wanted = [url.host or "localhost", str(url.port or 5432), url.database, url.username]
    for line in lines:
        fields = [re.sub(r"\\(.)", r"\1", field) for field in re.split(r"(?<!\\):", line)]
        if len(fields) == 5 and all(field in ("*", value) for field, value in zip(fields, wanted)):
            return fields[4]
    return None


def _marked(folder: Path) -> Address | None:
    """The address that stands in a folder; None where there is none."""
    mark, remedy = folder / MARK, 'it must be {"database": "postgresql://..."}'
    try:
        text = json.loads(mark.read_text(encoding="utf-8"))["database"]
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{mark} cannot be read ({error})", remedy=remedy) from None
    if not is_address(text):
        raise UserError(f"{mark} names no PostgreSQL database", remedy=remedy)
    return parse_address(text, artifacts=folder)


def _opened() -> dict[str, str]:
    try:
        return dict(json.loads(os.environ.get(OPENED, "{}")))
    except ValueError:
        return {}


def _text(url: URL, *, password: bool = True) -> str:
    # `URL.set(password=None)` would leave the password as it is.
    word = url.password if password else None
    plain = URL.create("postgresql", url.username, word, url.host, url.port, url.database, url.query)
    return plain.render_as_string(hide_password=False)
