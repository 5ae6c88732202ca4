"""Uploads: whole or not at all, of kinds that are read, within the limit, never outside the workspace."""

from __future__ import annotations

import contextlib
import errno
import gzip
import random
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from web_client import TOKEN

from trainwright.store.workspace import Workspace

TABLE = b"age,bought\n41,yes\n32,no\n"
NOISE = random.Random(0).randbytes(5000)


def send(client: TestClient, content: bytes, name: str = "table.csv") -> tuple[int, dict[str, object]]:
    answer = client.post("/api/v1/uploads", params={"name": name}, content=content)
    return answer.status_code, answer.json()


def left_over(workspace: Workspace) -> list[Path]:
    return [path for path in workspace.path.rglob("*") if path.is_file() and "trainwright.db" not in path.name]


def test_a_file_is_kept_whole_under_its_own_name(client: TestClient, workspace: Workspace) -> None:
    status, made = send(client, TABLE)
    assert (status, made["name"], made["kind"], made["bytes"]) == (201, "table.csv", "delimited text", len(TABLE))
    assert [path.read_bytes() for path in left_over(workspace)] == [TABLE]
    assert client.get(f"/api/v1/uploads/{made['id']}").json() == made
    assert client.get("/api/v1/uploads").json() == {"items": [made], "next": None}


@pytest.mark.parametrize("name", ["../../../tmp/table.csv", "/etc/table.csv", "..\\..\\table.csv", "C:\\table.csv"])
def test_no_name_leads_outside_the_workspace(client: TestClient, workspace: Workspace, name: str) -> None:
    status, made = send(client, TABLE, name)
    assert (status, made["name"]) == (201, "table.csv")
    assert [path.name for path in left_over(workspace)] == ["table.csv"]


@pytest.mark.parametrize(
    ("name", "status"),
    [("model.pkl", 415), ("page.html", 415), ("archive.zip", 415), ("noname", 415), (".csv", 422), ("a\x00.csv", 422)],
)
def test_another_kind_of_file_is_refused_by_its_name(
    client: TestClient, workspace: Workspace, name: str, status: int
) -> None:
    found, problem = send(client, TABLE, name)
    assert found == status and problem["remedy"]
    assert left_over(workspace) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("table.csv", b"\x89PNG\r\n"),
        ("table.parquet", TABLE),
        ("table.csv", gzip.compress(TABLE)),
        ("table.csv", b"\x80\x04\x95"),
        ("table.csv", b""),
        ("table.xlsx", b"PK\x03\x04broken"),
        ("table.csv", NOISE),
        ("table.csv", NOISE.replace(b"\0", b"")),
        ("table.csv.gz", gzip.compress(NOISE)),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_refused(
    client: TestClient, workspace: Workspace, name: str, content: bytes
) -> None:
    status, problem = send(client, content, name)
    assert status == 422 and name in str(problem["detail"])
    assert left_over(workspace) == [] and not any((workspace.path / "tmp").iterdir())
    assert client.get("/api/v1/uploads").json()["items"] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "shift-jis"])
def test_text_of_any_encoding_is_taken(client: TestClient, encoding: str) -> None:
    table = "name,bought\nキ,yes\n" if encoding == "shift-jis" else "name,bought\nMüller,yes\n"
    assert send(client, table.encode(encoding))[0] == 201


def test_a_file_over_the_limit_is_refused(workspace: Workspace, serve: Callable[..., TestClient]) -> None:
    client = serve(workspace, upload_bytes=1000)
    assert send(client, b"a,b\n" + b"1,2\n" * 200)[0] == 201
    status, problem = send(client, b"a,b\n" + b"1,2\n" * 300)
    assert status == 413 and "--max-upload" in str(problem["remedy"])
    endless = client.post("/api/v1/uploads", params={"name": "t.csv"}, content=iter([b"1,2\n" * 100] * 5))
    assert endless.status_code == 413
    assert len(client.get("/api/v1/uploads").json()["items"]) == len(left_over(workspace)) == 1


def test_a_file_that_is_cut_off_leaves_nothing(workspace: Workspace, live: Callable[..., str]) -> None:
    port = int(live(workspace).rpartition(":")[2])
    head = (
        f"POST /api/v1/uploads?name=table.csv HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {TOKEN}\r\nContent-Length: 100000\r\n\r\n"
    )
    with contextlib.closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.sendall(head.encode() + TABLE * 100)
        until(lambda: len(left_over(workspace)) == 1)  # it is being written
    until(lambda: left_over(workspace) == [])
    assert not any((workspace.path / "tmp").iterdir())


def test_a_full_disk_is_said_leaves_nothing_and_is_forgotten_once_there_is_room(
    client: TestClient, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("trainwright.web.uploads._move", full)
        status, problem = send(client, TABLE)
    assert status == 507 and "is full" in str(problem["detail"]) and problem["title"] == "No room left"
    assert left_over(workspace) == [] and not any((workspace.path / "tmp").iterdir())
    assert client.get("/api/v1/uploads").json()["items"] == []
    assert send(client, TABLE)[0] == 201


def test_a_form_is_no_file(client: TestClient) -> None:
    answer = client.post("/api/v1/uploads", params={"name": "t.csv"}, files={"file": ("t.csv", TABLE)})
    assert answer.status_code == 415


def test_an_upload_can_be_forgotten(client: TestClient, workspace: Workspace) -> None:
    first, second = send(client, TABLE)[1], send(client, TABLE)[1]
    assert client.delete(f"/api/v1/uploads/{first['id']}").status_code == 204
    assert len(left_over(workspace)) == 1  # the second one holds the same file
    assert client.delete(f"/api/v1/uploads/{second['id']}").status_code == 204
    assert left_over(workspace) == []
    assert client.delete(f"/api/v1/uploads/{second['id']}").status_code == 404


def test_a_long_list_comes_in_pages(client: TestClient) -> None:
    numbers = [send(client, TABLE + b"5,no\n" * n)[1]["id"] for n in range(5)]
    found, after = [], None
    while True:
        page = client.get("/api/v1/uploads", params={"limit": 2, **({"after": after} if after else {})}).json()
        found += [item["id"] for item in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert found == numbers[::-1]


def until(holds: Callable[[], bool]) -> None:
    """Waits for something that another thread does; the test command's own limit ends it."""
    while not holds():
        time.sleep(0.01)
