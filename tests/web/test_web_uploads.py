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

from trainwright.jobs.schedule import due
from trainwright.store import tables
from trainwright.store.transaction import write
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
        ("table.csv", gzip.compress(TABLE, mtime=0)),
        ("table.csv", b"\x80\x04\x95"),
        ("table.csv", b""),
        ("table.xlsx", b"PK\x03\x04broken"),
        ("table.csv", NOISE),
        ("table.csv", NOISE.replace(b"\0", b"")),
        ("table.csv.gz", gzip.compress(NOISE, mtime=0)),
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


def test_a_file_that_a_schedule_reads_stays_until_the_schedule_is_removed(shop: TestClient, table: Path) -> None:
    kept, other = send(shop, table.read_bytes(), "shop.csv")[1], send(shop, TABLE)[1]
    same = send(shop, table.read_bytes(), "shop.csv")[1]
    form = shop.get("/settings/schedules").text
    assert f'<option value="{kept["id"]}">shop.csv' in form and f'<option value="{other["id"]}">table.csv' in form
    chosen = {"project": "shop", "cron": "0 3 * * 1", "zone": "UTC", "upload": str(kept["id"])}
    assert shop.post("/settings/schedules", data={**chosen, "upload": "../7"}).status_code == 422
    assert shop.post("/settings/schedules", data={**chosen, "upload": "99"}).status_code == 422
    assert shop.post("/settings/schedules", data={**chosen, "project": "p" * 101}).status_code == 422
    assert shop.post("/settings/schedules", data=chosen).status_code == 303
    [made] = shop.get("/api/v1/schedules").json()["items"]
    assert made["file"] == "shop.csv (uploaded)" and "from shop.csv (uploaded)" in shop.get("/settings/schedules").text

    assert shop.delete(f"/api/v1/uploads/{same['id']}").status_code == 204  # the file stays for the one before
    refused = shop.delete(f"/api/v1/uploads/{kept['id']}")
    assert refused.status_code == 409 and f"schedule {made['id']} of project shop" in refused.json()["detail"]
    assert f"remove schedule {made['id']}" in refused.json()["remedy"]
    assert shop.get(f"/api/v1/uploads/{kept['id']}").status_code == 200
    assert shop.delete(f"/api/v1/uploads/{other['id']}").status_code == 204
    assert shop.delete(f"/api/v1/schedules/{made['id']}").status_code == 204
    assert shop.delete(f"/api/v1/uploads/{kept['id']}").status_code == 204


def test_a_file_that_a_waiting_job_has_not_read_stays_until_then(
    shop: TestClient, trained: Workspace, table: Path
) -> None:
    kept = send(shop, table.read_bytes(), "shop.csv")[1]
    asked = {"project": "shop", "cron": "0 3 * * 1", "zone": "UTC", "upload": kept["id"]}
    made = shop.post("/api/v1/schedules", json=asked).json()
    with write(trained) as connection:
        connection.execute(tables.schedule.update().values(next_at=time.time() - 60))
    [run] = due(trained)
    assert shop.delete(f"/api/v1/schedules/{made['id']}").status_code == 204
    refused = shop.delete(f"/api/v1/uploads/{kept['id']}")
    assert refused.status_code == 409 and f"job {run} waits" in refused.json()["detail"]
    assert f"cancel job {run}" in refused.json()["remedy"]
    assert shop.post(f"/api/v1/jobs/{run}/cancel").status_code == 200
    assert shop.delete(f"/api/v1/uploads/{kept['id']}").status_code == 204


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
