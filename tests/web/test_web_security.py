"""Names, origins, forms, sessions, tokens, passwords: what keeps others out of the server."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from web_client import ADDRESS, TOKEN, csrf_of

from trainwright.errors import UserError
from trainwright.store import tables
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace
from trainwright.web.security.secrets import check_password, hash_password, hash_token
from trainwright.web.settings import WebSettings

PASSWORD = "a sentence is a good password"
NEW = {"name": "nightly", "role": "viewer"}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "localhost@evil"])
def test_another_name_for_the_server_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 400
    assert client.get("/api/v1/projects", headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080"])
def test_its_own_names_are_served(client: TestClient, host: str) -> None:
    assert client.get("/api/v1/health", headers={"host": host}).status_code == 200


def test_a_name_that_was_allowed_is_served(workspace: Workspace, serve: Callable[..., TestClient]) -> None:
    client = serve(workspace, hosts=("models.example.com",))
    assert client.get("/api/v1/health", headers={"host": "models.example.com"}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:9999", "null", "file://127.0.0.1:8080"])
def test_another_origin_changes_nothing(client: TestClient, origin: str) -> None:
    answer = client.post("/api/v1/tokens", json=NEW, headers={"origin": origin})
    assert answer.status_code == 403
    assert client.get("/api/v1/tokens").json()["items"] == []


def test_our_own_origin_may_change(client: TestClient) -> None:
    assert client.post("/api/v1/tokens", json=NEW, headers={"origin": ADDRESS}).status_code == 201


def test_another_site_is_refused_even_without_an_origin(client: TestClient) -> None:
    assert client.post("/api/v1/tokens", json=NEW, headers={"sec-fetch-site": "cross-site"}).status_code == 403


def test_without_login_another_site_still_changes_nothing(
    workspace: Workspace, serve: Callable[..., TestClient]
) -> None:
    client = serve(workspace, login=False)
    assert client.get("/").status_code == 200
    assert client.post("/api/v1/tokens", json=NEW).status_code == 201
    assert client.post("/api/v1/tokens", json=NEW, headers={"origin": "https://evil.example"}).status_code == 403


def test_a_session_changes_nothing_without_its_form_token(client: TestClient) -> None:
    for given in (None, "", "guessed"):
        headers = {} if given is None else {"x-csrf-token": given}
        client.headers.pop("x-csrf-token", None)
        assert client.post("/api/v1/tokens", json=NEW, headers=headers).status_code == 403
        assert client.post("/logout", data={} if given is None else {"csrf": given}).status_code == 403
    assert client.get("/api/v1/tokens").json()["items"] == []


def test_a_form_that_carries_the_token_is_taken(client: TestClient) -> None:
    csrf = client.headers.pop("x-csrf-token")
    answer = client.post("/logout", data={"csrf": csrf})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert client.get("/").headers["location"] == "/login"


def test_the_token_of_another_session_is_not_taken(client: TestClient) -> None:
    other = TestClient(client.app, base_url=ADDRESS, follow_redirects=False)
    other.get("/login", params={"token": TOKEN})
    csrf = csrf_of(other.get("/").text)
    assert client.post("/api/v1/tokens", json=NEW, headers={"x-csrf-token": csrf}).status_code == 403


def test_a_wrong_token_opens_nothing(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    nobody = as_role(client, None)
    answer = nobody.get("/login", params={"token": "wrong"})
    assert answer.status_code == 403 and not answer.cookies
    assert nobody.get("/api/v1/me", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert nobody.get("/api/v1/me", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401


def test_a_wrong_token_counts_more_than_a_right_cookie(client: TestClient) -> None:
    assert client.get("/api/v1/me", headers={"authorization": "Bearer wrong"}).status_code == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(
    workspace: Workspace, serve: Callable[..., TestClient]
) -> None:
    plain, https = serve(workspace), serve(workspace, https=True, port=8443)
    said = plain.get("/login", params={"token": TOKEN}).headers["set-cookie"].lower()
    assert "httponly" in said and "samesite=lax" in said and "secure" not in said
    assert "secure" in https.get("/login", params={"token": TOKEN}).headers["set-cookie"].lower()


@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_signing_in_leads_nowhere_else(client: TestClient, to: str) -> None:
    answer = client.get("/login", params={"token": TOKEN, "next": to})
    assert answer.headers["location"] == "/"


def test_signing_in_leads_where_one_was_going(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    nobody = as_role(client, None)
    door = nobody.get("/?x=1").headers["location"]
    assert door == "/login?next=%2F%3Fx%3D1"
    assert nobody.get(f"{door}&token={TOKEN}").headers["location"] == "/?x=1"


def test_a_person_signs_in_with_name_and_password(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    made = client.post("/api/v1/accounts", json={"name": "ada", "role": "trainer", "password": PASSWORD})
    assert made.status_code == 201 and PASSWORD not in made.text and "hash" not in made.text
    person = as_role(client, None)
    assert person.post("/login", data={"name": "ada", "password": "something else"}).status_code == 403
    assert person.post("/login", data={"name": "eve", "password": PASSWORD}).status_code == 403
    assert person.post("/login", data={"name": "ada", "password": PASSWORD}).status_code == 303
    assert person.get("/api/v1/me").json() == {"name": "ada", "role": "trainer", "via": "session"}
    # Another role, another password, disabled: each ends the session.
    assert client.patch("/api/v1/accounts/ada", json={"role": "viewer"}).status_code == 200
    assert person.get("/api/v1/me").status_code == 401
    assert client.patch("/api/v1/accounts/ada", json={"disabled": True}).json()["disabled_at"] is not None
    assert person.post("/login", data={"name": "ada", "password": PASSWORD}).status_code == 403


def test_the_last_administrator_stays(client: TestClient) -> None:
    client.post("/api/v1/accounts", json={"name": "ada", "role": "admin", "password": PASSWORD})
    for change in ({"role": "viewer"}, {"disabled": True}):
        answer = client.patch("/api/v1/accounts/ada", json=change)
        assert answer.status_code == 422 and "last administrator" in answer.json()["detail"]
    client.post("/api/v1/accounts", json={"name": "bob", "role": "admin", "password": PASSWORD})
    assert client.patch("/api/v1/accounts/ada", json={"disabled": True}).status_code == 200


def test_guessing_passwords_becomes_slow(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    nobody = as_role(client, None)
    answers = [nobody.post("/login", data={"token": f"guess {n}"}).status_code for n in range(7)]
    assert answers[:5] == [403] * 5 and 429 in answers


def test_a_revoked_token_and_its_sessions_end(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    made = client.post("/api/v1/tokens", json=NEW).json()
    program, browser = as_role(client, None), as_role(client, None)
    program.headers["authorization"] = f"Bearer {made['secret']}"
    browser.get("/login", params={"token": made["secret"]})
    assert program.get("/api/v1/me").json()["name"] == browser.get("/api/v1/me").json()["name"] == "nightly"
    assert client.get("/api/v1/tokens").json()["items"][0]["used_at"] is not None
    assert client.delete(f"/api/v1/tokens/{made['token']['id']}").status_code == 200
    assert program.get("/api/v1/me").status_code == browser.get("/api/v1/me").status_code == 401


def test_a_token_ends_with_its_days(
    workspace: Workspace, client: TestClient, as_role: Callable[..., TestClient]
) -> None:
    secret = client.post("/api/v1/tokens", json={**NEW, "days": 1}).json()["secret"]
    program = as_role(client, None)
    program.headers["authorization"] = f"Bearer {secret}"
    assert program.get("/api/v1/me").status_code == 200
    with write(workspace) as connection:
        connection.execute(tables.token.update().values(expires_at=time.time() - 1))
    assert program.get("/api/v1/me").status_code == 401


def test_a_session_ends_with_its_hours(workspace: Workspace, client: TestClient) -> None:
    with write(workspace) as connection:
        connection.execute(tables.session.update().values(expires_at=time.time() - 1))
    assert client.get("/api/v1/me").status_code == 401


def test_no_secret_is_kept_as_it_is(workspace: Workspace, client: TestClient) -> None:
    secret = client.post("/api/v1/tokens", json=NEW).json()["secret"]
    client.post("/api/v1/accounts", json={"name": "ada", "role": "admin", "password": PASSWORD})
    client.post("/login", data={"name": "ada", "password": PASSWORD})
    cookie = client.cookies[f"trainwright_{WebSettings().port}"]
    kept = b"".join(path.read_bytes() for path in Path(workspace.path).glob("trainwright.db*"))
    for text in (secret, PASSWORD, cookie, TOKEN):
        assert text.encode() not in kept
    with read(workspace) as connection:
        row = connection.execute(tables.token.select()).one()
    assert row.hash == hash_token(secret)


def test_a_password_is_hashed_with_a_salt_of_its_own() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first != second and check_password(PASSWORD, first) and check_password(PASSWORD, second)
    assert not check_password(PASSWORD + " ", first) and not check_password(PASSWORD, "nonsense")
    with pytest.raises(UserError, match="12 or more"):
        hash_password("short")


def test_every_change_is_audited_under_its_caller(client: TestClient, as_role: Callable[..., TestClient]) -> None:
    client.post("/api/v1/accounts", json={"name": "ada", "role": "admin", "password": PASSWORD})
    ada = as_role(client, None)
    ada.post("/login", data={"name": "ada", "password": PASSWORD})
    ada.headers["x-csrf-token"] = csrf_of(ada.get("/").text)
    assert ada.post("/api/v1/tokens", json=NEW).status_code == 201
    acts = ada.get("/api/v1/audit").json()["items"]
    said = [(act["who"], act["action"]) for act in acts]
    assert said == [("ada", "create token"), ("server token", "create account")]


@pytest.mark.parametrize(
    "settings",
    [{"host": "0.0.0.0", "login": False, "hosts": ("a.example",)}, {"host": "192.0.2.7", "login": False}],
)
def test_a_public_address_without_login_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(UserError, match="--no-login"):
        WebSettings(**settings).checked()  # type: ignore[arg-type]


def test_every_address_at_once_needs_the_names_to_answer_to() -> None:
    with pytest.raises(UserError, match="--allow-host"):
        WebSettings(host="0.0.0.0").checked()
    assert WebSettings(host="0.0.0.0", hosts=("a.example",)).checked().allowed_hosts[-1] == "a.example"


@pytest.mark.parametrize("path", ["../app.py", "..%2fapp.py", "%2e%2e/app.py", "base.html", "%2fetc%2fpasswd"])
def test_no_path_leaves_the_static_files(client: TestClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_answers_carry_the_headers_that_keep_a_browser_careful(client: TestClient) -> None:
    for path in ("/", "/login", "/nothing", "/api/v1/projects"):
        headers = client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_a_body_over_the_limit_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/api/v1/tokens", content=b"x", headers={"content-length": "99999999"})
    assert answer.status_code == 413


def test_a_body_of_unknown_length_is_counted(workspace: Workspace, serve: Callable[..., TestClient]) -> None:
    client = serve(workspace, body_bytes=1000)
    answer = client.post(
        "/api/v1/tokens", content=iter([b'{"name":"' + b"x" * 800, b"y" * 800 + b'"}']),
        headers={"content-type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 413 and answer.json()["status"] == 413
