"""What to do about an error is said in words of this surface: pages and requests know no flags of the command line."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from starlette.testclient import TestClient

import trainwright
from trainwright.web.wording import SERVERS, for_page, for_rest

SOURCE = Path(trainwright.__file__).parent
# They speak to their own users; nothing of theirs is reached through the server.
APART = {"cli", "api", "web", "__pycache__"}
FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")


def remedies() -> list[str]:
    """Every remedy that the library can give, with X where a value is filled in."""
    found = []
    for path in SOURCE.rglob("*.py"):
        if APART & set(path.relative_to(SOURCE).parts):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "remedy":
                found += list(texts(node.value))
    return found


def texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return [*texts(node.body), *texts(node.orelse)]
    if isinstance(node, ast.JoinedStr):
        return ["".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)]  # type: ignore[misc]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_no_remedy_of_the_library_reaches_the_web_with_a_flag() -> None:
    found = remedies()
    assert len(found) > 400 and len([text for text in found if FLAG.search(text)]) > 60
    for text in found:
        for words in (for_rest(text), for_page(text)):
            assert set(FLAG.findall(words)) <= SERVERS, words


def test_a_command_becomes_a_page_and_a_request() -> None:
    said = "see `trainwright versions list adult`"
    assert (for_page(said), for_rest(said)) == (
        "see the page Versions of adult",
        "see GET /api/v1/projects/adult/versions",
    )
    said = "train one, or `trainwright versions activate adult@v1`"
    assert for_rest(said) == "train one, or POST /api/v1/projects/adult/versions/v1/activate"
    said = "`trainwright jobs cancel 7` stops it first"
    assert for_page(said) == "Cancel on the page of job 7 stops it first"
    said = "train first: trainwright train TABLE --target COLUMN"
    assert for_rest(said) == "train first: POST /api/v1/jobs (data.target COLUMN)"


def test_the_server_names_what_can_be_sent_to_it(client: TestClient) -> None:
    upload = client.post("/api/v1/uploads", params={"name": "t.csv"}, content=b"a,b\n" + b"1,x\n2,y\n" * 40).json()[
        "id"
    ]
    problem = client.post("/api/v1/examine", json={"upload": upload}).json()
    assert problem["status"] == 422 and "data.target" in problem["remedy"] and "--" not in problem["remedy"]
    page = client.get("/new/statistics", params={"upload": upload}).text
    assert "“Column to predict”" in page and "--target" not in page
    seen = client.post("/api/v1/examine", json={"upload": upload, "settings": {"data.target": "b"}}).json()
    remedies = [finding["remedy"] for finding in seen["findings"] if finding["remedy"]]
    assert remedies and not [text for text in remedies if FLAG.search(text)]
    missing = client.get("/api/v1/projects/none/versions/v1").json()
    assert "trainwright" not in missing.get("remedy", "")
