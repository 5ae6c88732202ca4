"""The pages about versions: evaluation and thresholds, activation, comparison, a test of a version, and settings."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from test_web_versions import another_version

from trainwright import web
from trainwright.evaluate.glossary import METRICS, TERMS
from trainwright.evaluate.report_words import sentence
from trainwright.jobs.attempt import execute
from trainwright.store.workspace import Workspace
from trainwright.web.views.typed_rows import rows_of_text
from trainwright.web.words import WORDS

V1 = "/projects/shop/versions/v1"
AsRole = Callable[[TestClient, str], TestClient]


def in_script(page: str, name: str) -> Any:
    """What a page hands to its script."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.S)
    assert found is not None, name
    return json.loads(found[1])


def test_the_evaluation_says_what_the_report_says(shop: TestClient) -> None:
    page = shop.get(V1).text
    for words in ("Predicting bought", "Weighted F1", "Confusion matrix", "Diagnosis", "Findings", "Download report"):
        assert words in page, words
    cells = re.findall(r'data-cell="(\d,\d)"', page)
    held = in_script(page, "tw-examples")
    assert cells and all(held["cells"][cell] for cell in cells)
    row = held["rows"][str(held["cells"][cells[0]][0])]
    assert len(row) == len(held["columns"]) and {"age", "price"} <= set(held["columns"])
    assert in_script(page, "figure-reliability")["data"] or in_script(page, "figure-before_and_after")["data"]


def test_what_a_threshold_costs_comes_from_the_stored_counts(shop: TestClient) -> None:
    found = in_script(shop.get(V1).text, "thresholds")
    document = shop.get("/api/v1/runs/1/evaluations").json()["validation"]
    support = {row["class"]: row["support"] for row in document["per_class"]}
    positives = 1000 * support[found["positive"]] / document["n_rows"]
    assert found["rows"] == document["n_rows"] and len(found["choices"]) > 10
    for choice in found["choices"]:
        assert choice["right"] + choice["false"] == pytest.approx(choice["flagged"])
        assert choice["right"] + choice["missed"] == pytest.approx(positives)
    flagged = [choice["flagged"] for choice in found["choices"]]
    assert flagged == sorted(flagged, reverse=True)


def test_a_threshold_is_kept_as_a_decision(shop: TestClient, as_role: AsRole) -> None:
    assert "Keep this threshold" not in as_role(shop, "viewer").get(V1).text
    refused = shop.post(f"{V1}/decisions", data={"threshold": "half", "fp": "3"})
    assert refused.status_code == 422 and "half" in refused.text and "no number" in refused.text
    assert 'name="fp" inputmode="decimal" value="3"' in refused.text
    kept = shop.post(f"{V1}/decisions", data={"threshold": "0.3", "now": "true"})
    assert kept.status_code == 303 and "made=d1" in kept.headers["location"]
    page = shop.get(kept.headers["location"].partition("#")[0]).text
    assert "d1 is kept, and v1 answers by it" in page and "in force" in page
    assert in_script(page, "thresholds")["now"] == pytest.approx(0.3)
    by_cost = shop.post(f"{V1}/decisions", data={"goal": "cost", "fp": "1", "fn": "9"})
    assert "made=d2" in by_cost.headers["location"]
    assert shop.post(f"{V1}/decisions/use", data={"decision": "none"}).status_code == 303
    assert shop.get("/api/v1/projects/shop/versions/v1").json()["decision"] is None
    assert as_role(shop, "reviewer").post(f"{V1}/decisions", data={"threshold": "0.3"}).status_code == 403


def test_a_version_is_measured_by_a_job_whose_page_says_what_came_of_it(
    shop: TestClient, trained: Workspace, as_role: AsRole
) -> None:
    assert "Measure with other seeds" not in as_role(shop, "viewer").get(V1).text
    assert "Measure with other seeds" in shop.get(V1).text
    assert shop.post(f"{V1}/measure", data={"kind": "charm"}).status_code == 422
    asked = shop.post(f"{V1}/measure", data={"kind": "learning_curve"})
    assert asked.status_code == 303 and asked.headers["location"] == "/jobs/2"
    execute(trained, 2, 1, time.time())
    size_curve = shop.get("/api/v1/runs/1/result").json()["size_curve"]
    page = shop.get("/jobs/2").text
    assert f"<strong>Completed.</strong> {size_curve['text']}" in page and f'href="{V1}#growth"' in page
    assert sentence(size_curve["text"]) in shop.get(V1).text


def test_activation_says_what_is_known_and_tells_whoever_comes_second(shop: TestClient, trained: Workspace) -> None:
    another_version(trained)
    another_version(trained)
    page = shop.get("/projects/shop/versions/v2/activate").text
    assert "It replaces" in page and "Measured on the sealed test" in page and "none were asked for" in page
    assert 'name="expected" value="v1"' in page
    first = shop.post("/projects/shop/versions/v3/activate", data={"decision": "none", "expected": "v1"})
    second = shop.post("/projects/shop/versions/v2/activate", data={"decision": "none", "expected": "v1"})
    assert first.status_code == 303 and second.status_code == 409
    assert "v3 is active by now, not v1" in second.text and 'name="expected" value="v3"' in second.text
    table = shop.get("/projects/shop/versions").text
    assert "What answered when" in table and "Roll back" in table
    assert shop.post("/projects/shop/versions/v3/delete").status_code == 422
    assert "v1 answers again" in shop.get(shop.post("/projects/shop/rollback").headers["location"]).text
    assert shop.post("/projects/shop/versions/v3/delete").status_code == 303
    assert shop.get("/projects/shop/versions/v3").status_code == 404
    assert "v3" not in re.findall(r'href="/projects/shop/versions/(v\d)"', shop.get("/projects/shop/versions").text)


def test_versions_are_compared_or_it_is_said_why_not(shop: TestClient, trained: Workspace) -> None:
    assert "nothing to compare yet" in shop.get("/projects/shop/compare").text
    another_version(trained)  # of no run
    page = shop.get("/projects/shop/compare", params={"first": "v1", "second": "v1"})
    assert page.status_code == 422 and "chosen twice" in page.text
    assert shop.get("/projects/shop/compare", params={"first": "v1", "second": "v2"}).status_code == 422
    assert shop.get("/projects/nothing/compare").status_code == 404


def test_a_row_is_tried_by_form(shop: TestClient, as_role: AsRole) -> None:
    page = shop.get(f"{V1}/test").text
    names = re.findall(r'<label for="(column-\d)">(\w+)</label>', page)
    fields = {name: field for field, name in names}
    assert set(fields) == {"age", "price", "kind"} and "in the rows it learned from" in page
    assert re.search(r"<option>book</option>|<option selected>book</option>", page)
    answer = shop.post(f"{V1}/test", data={"way": "form", fields["age"]: "55", fields["price"]: "10"}).text
    assert re.search(r'<p class="big">yes</p>', answer) and "price = 10 speaks" in answer
    assert 'value="55"' in answer  # the form keeps what was typed
    wrong = shop.post(f"{V1}/test", data={"way": "form", fields["age"]: "old"})
    assert wrong.status_code == 422 and "age is &#39;old&#39;, which is no number" in wrong.text
    assert 'value="old"' in wrong.text
    assert as_role(shop, "viewer").get(f"{V1}/test").status_code == 403


def test_rows_are_pasted_or_sent_as_a_file(shop: TestClient, table: Path) -> None:
    pasted = shop.post(f"{V1}/test", data={"way": "paste", "pasted": "age\tprice\tkind\n55\t10\tpen\n25\t30\t\n"})
    assert pasted.status_code == 200 and "2 answers" in pasted.text, pasted.text
    assert re.findall(r"<td>(yes|no)</td>", pasted.text) == ["yes", "no"]
    lacking = shop.post(f"{V1}/test", data={"way": "paste", "pasted": '[{"age": 30}]'})
    assert lacking.status_code == 422 and "lack" in lacking.text and "age&#34;: 30" in lacking.text
    sent = shop.post(f"{V1}/test/upload", files={"file": ("new.csv", table.read_bytes(), "text/csv")})
    assert sent.status_code == 303
    page = shop.get(sent.headers["location"])
    assert "160 answers" in page.text and "The first 100 of 160 rows" in page.text
    upload = re.search(r"predictions\.csv\?upload=(\d+)", page.text)
    assert upload is not None
    lines = shop.get(f"{V1}/test/predictions.csv", params={"upload": upload[1]}).text.splitlines()
    assert len(lines) == 161 and {"age", "prediction", "probability_yes"} <= set(lines[0].split(","))
    assert shop.get(f"{V1}/test", params={"way": "upload", "upload": "99"}).status_code == 422


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "nothing"), ("[1, 2]", "list of objects"), ("[{", "no JSON"), ("a,b", "only one line"),
     ("a,b\n1", "line 2 has 1 values"), ('[{"a": [1]}]', "row 1"), ("[" * 100_000, "JSON")],
)  # fmt: skip
def test_what_cannot_be_read_is_named(text: str, words: str) -> None:
    from trainwright.errors import UserError

    with pytest.raises(UserError, match=words):
        rows_of_text(text)


def test_a_token_is_shown_once(shop: TestClient, as_role: AsRole) -> None:
    made = shop.post("/settings/tokens", data={"name": "nightly", "role": "reviewer", "days": "30"}).text
    secret = re.search(r'<code class="secret">([^<]+)</code>', made)
    assert secret is not None and secret[1] not in shop.get("/settings").text
    bearer = {"authorization": f"Bearer {secret[1]}"}
    other = as_role(shop, "viewer")
    assert other.get("/api/v1/me", headers=bearer).json()["role"] == "reviewer"
    token = next(row["id"] for row in shop.get("/api/v1/tokens").json()["items"] if row["name"] == "nightly")
    assert shop.post(f"/settings/tokens/{token}/revoke").status_code == 303
    assert other.get("/api/v1/me", headers=bearer).status_code == 401
    wrong = shop.post("/settings/tokens", data={"name": "x", "role": "viewer", "days": "many"})
    assert wrong.status_code == 422 and "many" in wrong.text
    assert other.get("/settings").headers["location"] == "/settings/thresholds"
    assert other.get("/settings/audit").status_code == 403 and other.post("/settings/tokens").status_code == 403


def test_accounts_and_the_audit_log(shop: TestClient) -> None:
    given = {"name": "ada", "role": "trainer", "password": "correct horse battery staple"}
    assert shop.post("/settings/accounts", data=given).status_code == 303
    assert shop.post("/settings/accounts", data=given).status_code == 422  # there is one already
    assert shop.post("/settings/accounts/change", data={"name": "ada", "role": "viewer"}).status_code == 303
    assert shop.post("/settings/accounts/change", data={"name": "ada", "disabled": "yes"}).status_code == 303
    kept = shop.get("/api/v1/accounts").json()["items"][0]
    assert (kept["name"], kept["role"]) == ("ada", "viewer") and kept["disabled_at"]
    page = shop.get("/settings/audit").text
    assert "create account" in page and "ada" in page and "server token" in page
    assert "create account" not in shop.get("/settings/audit", params={"project": "shop"}).text


def test_a_schedule_says_when_it_runs(shop: TestClient) -> None:
    form = {"project": "shop", "cron": "0 3 * * 1", "zone": "UTC", "kind": "full"}
    shown = shop.post("/settings/schedules", data={**form, "act": "times"}).text
    assert len(re.findall(r"Monday \d+ \w+ \d{4} at 03:00", shown)) == 3
    assert shop.get("/api/v1/schedules").json()["items"] == []
    wrong = shop.post("/settings/schedules", data={**form, "cron": "at noon"})
    assert wrong.status_code == 422 and "no cron line" in wrong.text and 'value="at noon"' in wrong.text
    assert shop.post("/settings/schedules", data=form).status_code == 303
    number = shop.get("/api/v1/schedules").json()["items"][0]["id"]
    assert "Monday" in shop.get("/settings/schedules").text
    assert shop.post(f"/settings/schedules/{number}/remove").status_code == 303
    assert shop.get("/api/v1/schedules").json()["items"] == []


def test_every_word_is_explained(shop: TestClient) -> None:
    page = shop.get("/help").text
    told = dict(re.findall(r'<dt id="([\w-]+)"><strong>([^<]+)</strong></dt><dd><p>[^<]{20,}</p>', page))
    known = {f"term-{key}": title for key, (title, _) in (WORDS | TERMS).items()}
    known |= {f"metric-{key}": about.title for key, about in METRICS.items()}
    assert told == known and len(set(told.values())) == len(told)
    assert not set(WORDS) & set(TERMS)  # nothing is explained twice
    titles = [title for key, title in told.items() if key.startswith("term-")]
    assert titles == sorted(titles, key=str.lower)  # to be found by eye


def test_what_heads_something_leads_to_its_explanation(shop: TestClient) -> None:
    told = set(re.findall(r'id="(term-\w+)"', shop.get("/help").text))
    folder = Path(web.__file__).parent
    written = "".join(path.read_text(encoding="utf-8") for path in folder.glob("templates/*.html"))
    asked = {f"term-{key}" for key in re.findall(r'm\.term\("(\w+)"', written)}
    curves = (folder / "static" / "curves.js").read_text(encoding="utf-8")
    listed = re.search(r"const TERMS = \{([^}]*)\}", curves)
    assert listed is not None
    asked |= {f"term-{key}" for key in re.findall(r'": "(\w+)"', listed[1])}
    assert len(asked) > 20 and asked <= told, asked - told
    pages = {"/": "project", "/jobs": "job", "/projects/shop": "active", "/projects/shop/versions": "headline",
             "/jobs/1": "fold", V1: "threshold", f"{V1}/package": "package"}  # fmt: skip
    for path, word in pages.items():
        linked = set(re.findall(r'href="/help#(term-\w+)"', shop.get(path).text))
        assert f"term-{word}" in linked and linked <= told, path
