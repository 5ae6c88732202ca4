"""A server that asks for a password (SCRAM) and for encryption: who comes in, and what is said to the others."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from postgres_server import Server, as_somebody, running
from trainwright.errors import EnvironmentProblem
from trainwright.store.address import OPENED
from trainwright.store.transaction import read
from trainwright.store.workspace import open_workspace

SECRET, WRONG = "correct-horse", "battery-staple"
# Ann needs a password, Eve an encrypted connection too.
ENTRIES = """host all trainwright 127.0.0.1/32 trust
host all ann 127.0.0.1/32 scram-sha-256
hostssl all eve 127.0.0.1/32 scram-sha-256
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not there to make a certificate")
    with running() as one:
        key, certificate = one.folder / "server.key", one.folder / "server.crt"
        words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        words += ["-days", "2", "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
        subprocess.run(words, check=True, capture_output=True)
        key.chmod(0o600)
        if as_somebody():
            shutil.chown(key, "postgres", "postgres")
        for user in ("ann", "eve"):
            one.sql(f"CREATE ROLE {user} LOGIN PASSWORD '{SECRET}'")
        one.sql("CREATE DATABASE w OWNER ann")
        one.sql("GRANT ann TO eve")
        one.sql(f"ALTER SYSTEM SET ssl_cert_file = '{certificate}'")
        one.sql(f"ALTER SYSTEM SET ssl_key_file = '{key}'")
        one.sql("ALTER SYSTEM SET ssl = on")
        (one.folder / "data" / "pg_hba.conf").write_text(ENTRIES, encoding="utf-8")
        one.pg_ctl("-m", "fast", "stop")
        one.start()
        yield one


@pytest.fixture
def place(server: Server, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of the one workspace, with USER for who comes."""
    for name in (OPENED, "PGPASSWORD", "TRAINWRIGHT_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSFILE", "/nowhere")
    return server.address("w", tmp_path_factory.getbasetemp() / "login", user="USER")


def encrypted(address: str) -> bool:
    """Comes in, and says whether what is sent can be read on the way."""
    workspace = open_workspace(address)
    try:
        with read(workspace) as connection:
            query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            return bool(connection.exec_driver_sql(query).scalar())
    finally:
        workspace.engine.dispose()


def test_whoever_has_the_password_comes_in(place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not encrypted(place.replace("USER", f"ann:{SECRET}") + "&sslmode=disable")
    assert encrypted(place.replace("USER", f"eve:{SECRET}") + "&sslmode=require")
    monkeypatch.delenv(OPENED)
    (tmp_path / "pgpass").write_text(f"*:*:w:ann:{SECRET}\n", encoding="utf-8")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    encrypted(place.replace("USER", "ann"))


@pytest.mark.parametrize(
    ("user", "mode", "words"),
    [
        (f"ann:{WRONG}", "disable", "refuses the user or the password .*; give the password in the address"),
        (f"eve:{WRONG}", "require", "refuses the user or the password"),
        ("ann", "disable", "refuses the user or the password .*; give the password in the address"),
        (f"eve:{SECRET}", "disable", "refuses the user .*no encryption"),
        (f"eve:{SECRET}", "verify-full", "cannot be reached by an encrypted way .*sslmode=require"),
    ],
)
def test_others_are_refused_with_one_message_that_shows_no_password(
    place: str, user: str, mode: str, words: str
) -> None:
    with pytest.raises(EnvironmentProblem, match=words) as refused:
        encrypted(place.replace("USER", user) + f"&sslmode={mode}")
    said = f"{refused.value} {refused.value.__cause__}"
    assert SECRET not in said and WRONG not in said and "127.0.0.1" in said
