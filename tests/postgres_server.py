"""A PostgreSQL server for tests: on loopback, as an unprivileged user, gone with the tests; a skip without one."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

USER = "trainwright"


@dataclass
class Server:
    """A server that runs.

    Args:
        port: on 127.0.0.1.
        folder: of its socket, its log and its data.
    """

    port: int
    folder: Path
    made: list[str] = field(default_factory=list)

    def sql(self, statement: str, database: str = "postgres") -> list[list[object]]:
        """Executes one statement outside of a transaction."""
        import pg8000.native

        connection = pg8000.native.Connection(USER, host="127.0.0.1", port=self.port, database=database)
        try:
            return list(connection.run(statement) or [])
        finally:
            connection.close()

    def fresh(self, artifacts: Path, *, like: str | None = None) -> str:
        """The address of a workspace in a database of its own, empty or a copy of another."""
        name = f"w_{secrets.token_hex(6)}"
        self.sql(f"CREATE DATABASE {name}" + (f" TEMPLATE {like}" if like else ""))
        self.made.append(name)
        return self.address(name, artifacts)

    def address(self, name: str, artifacts: Path, user: str = USER) -> str:
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}?artifacts={artifacts}"

    def pg_ctl(self, *words: str) -> None:
        subprocess.run(
            [*as_somebody(), str(programs() / "pg_ctl"), "-D", str(self.folder / "data"), "-w", "-t", "60", *words],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
        )

    def start(self) -> None:
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        self.pg_ctl("-l", str(self.folder / "log"), "-o", options, "start")


def programs() -> Path:
    """The folder of the server's programs."""
    found = [path.parent for path in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)]
    found += [Path(path).parent for path in [shutil.which("initdb")] if path]
    if not found:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    return found[0]


def as_somebody() -> list[str]:
    """The words before a command that run it as an unprivileged user: the server refuses root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return []
    import pwd

    try:
        pwd.getpwnam("postgres")
    except KeyError:
        pytest.skip("there is no user postgres to run the server as")
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not there to become the user postgres (apt-get install util-linux)")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Starts a server with no data; it is stopped and removed at the end."""
    initdb, words = programs() / "initdb", as_somebody()
    # Not under pytest's folders, which other users may not enter; a short path, since a socket's is limited.
    folder = Path(tempfile.mkdtemp(prefix="tw-pg-"))
    if words:
        shutil.chown(folder, "postgres", "postgres")
    command = [*words, str(initdb), "-D", str(folder / "data"), "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"initdb failed: {done.stderr.strip()[-300:]}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(port, folder)
    try:
        server.start()
        yield server
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.pg_ctl("-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
