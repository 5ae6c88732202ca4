"""No value from a client opens a file of the server, or so much as looks whether there is one: not the settings of a
training, key by key, not its YAML, and no field of any other request.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import params
from pydantic import BaseModel
from starlette.testclient import TestClient

from trainwright.config.places import all_keys
from trainwright.errors import UserError
from trainwright.web.client_settings import client_settings
from trainwright.web.security.guard import GuardedRoute

# What the files hold; no answer may.
HELD = "kept-from-everybody"
# Keys whose text is not refused at once: names of columns and classes, marks of a reading, words for people. A path
# there is the name of something that the table does not have. Whoever adds a key of text decides here what it is.
WORDS = {
    "project", "problem.decision", "problem.audience", "problem.risks", "problem.description", "problem.costs.unit",
    "problem.class_costs", "problem.present_process.column", "data.train_file", "data.target", "data.positive",
    "data.id", "data.group", "data.time", "data.cluster", "data.weight", "data.ignore", "data.annotators",
    "data.split_column", "data.stratify", "data.missing_marks", "data.sheet", "data.delimiter", "data.encoding",
    "data.kinds", "data.validation_from", "data.test_from", "training.class_weight", "training.base",
    "training.comments", "requirements.min_recall", "requirements.min_precision", "requirements.min_metric",
    "requirements.unavailable_at_prediction", "search.space", "decision.cost", "decision.capacity", "decision.by",
    "decision.prevalence",
}  # fmt: skip
BASE = {"data.target": "bought", "training.families": ["linear"], "data.folds": 2}
# Of the requests of the walk: what the other fields hold while one of them holds a path.
SAMPLES = {
    "project": "shop", "cron": "0 3 * * 1", "first": "v1", "second": "v1", "role": "viewer", "name": "somebody",
    "password": "a sentence is a good password", "upload": 1, "settings": {}, "rows": [{"age": 41}],
    "cost": {"fp": 1, "fn": 5}, "username": "somebody", "token": "none",
}  # fmt: skip
PATHS = {"project": "shop", "version": "v1", "decision": "d1", "name": "somebody"}

_watched: list[str] = []
_touched: list[str] = []


def _note(path: Any) -> None:
    if _watched and isinstance(path, str | bytes | os.PathLike):
        place = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - `resolve` would look for it
        if place.startswith(_watched[0]):
            _touched.append(place)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("open", "os.listdir", "os.scandir") and arguments:
        _note(arguments[0])


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder of the server, with an `=` in its name, that holds files of every kind that settings could name."""
    folder = tmp_path / "year=2025"
    (folder / "model").mkdir(parents=True)
    (folder / "costs.yaml").write_text(f"{HELD}: {{no: 20}}\n")
    (folder / "costs.json").write_text(json.dumps({HELD: {"no": 20}}))
    (folder / "table.csv").write_text(f"{HELD},bought\n1,yes\n2,no\n")
    (folder / "model" / "config.json").write_text(json.dumps({"model_type": HELD}))
    return folder


@pytest.fixture
def touched(kept: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was opened, listed or looked for of that folder, also by `Path.exists`."""
    if not getattr(sys, "_trainwright_hook", False):  # a hook stays for good: one is enough
        sys.addaudithook(_hook)
        sys._trainwright_hook = True  # type: ignore[attr-defined]
    own = os.stat

    def stat(path: Any, *given: Any, **more: Any) -> os.stat_result:
        _note(path)
        return own(path, *given, **more)

    monkeypatch.setattr(os, "stat", stat)
    _touched.clear()
    _watched[:] = [str(kept)]
    (kept / "costs.yaml").read_text()
    assert (kept / "model").is_dir() and len(_touched) >= 2  # it does notice
    _touched.clear()
    yield _touched
    _watched.clear()


def shapes(path: str) -> list[Any]:
    """A path as a value of every form that a setting may have."""
    inside = [{family: {"base_model": given}} for family in ("text_transformer", "text-embedding")
              for given in (path, [path], {"a": path})]  # fmt: skip
    return [
        path, f"{'../' * 20}{path[1:]}", f"fp=1 fn=20 {path}", f"fp={path}", [path], {path: 1}, {"no": path},
        {"text_transformer.base_model": path}, *inside,
    ]  # fmt: skip


def test_no_key_of_the_settings_opens_a_file_of_the_server(
    shop_here: TestClient, kept: Path, table: Path, touched: list[str]
) -> None:
    upload = shop_here.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    taken: dict[str, list[Any]] = {}
    for key in all_keys():
        values = shapes(str(kept / "costs.yaml"))
        also = [str(kept / name) for name in ("costs.json", "table.csv", "model")]
        in_yaml = [json.dumps(_nested(key, value)) for value in values]
        asked = [(None, value) for value in (*values, *also)] + list(zip(in_yaml, values))
        for yaml, value in asked:
            try:
                client_settings(yaml, {} if yaml else {key: value})
            except UserError as error:
                assert HELD not in str(error), key
            else:
                taken.setdefault(key, []).append(value)
    assert touched == [] and set(taken) <= WORDS, f"{set(taken) - WORDS} take a path"
    for key, values in taken.items():  # what is taken for a name is one to the end
        said = shop_here.post("/api/v1/jobs", json={"upload": upload, "settings": {**BASE, key: values[0]}})
        assert HELD not in said.text and said.status_code in (201, 422), (key, values[0], said.text)
        assert touched == [], (key, values[0])


def _nested(key: str, value: Any) -> dict[str, Any]:
    block, _, name = key.partition(".")
    return {block: _nested(name, value)} if name else {block: value}


def test_no_field_of_a_request_opens_a_file_of_the_server(
    shop_here: TestClient, kept: Path, table: Path, touched: list[str]
) -> None:
    shop_here.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes())
    values = shapes(str(kept / "costs.yaml"))[:7]
    walked = set()
    for method, address, place, name, others in fields(shop_here):
        for value in values:
            if place != "json" and not isinstance(value, str):
                continue
            sent = {place: {**others, name: value}}
            said = shop_here.request(method, address, **sent)  # type: ignore[arg-type]
            assert HELD not in said.text and said.status_code < 500, (method, address, name, said.text)
            assert touched == [], (method, address, name, value)
            walked.add((method, address, name))
    assert len(walked) > 60


def fields(client: TestClient) -> Iterator[tuple[str, str, str, str, dict[str, Any]]]:
    """(method, address, "params", "data" or "json", name, the other fields) of every field of every request."""
    for route in client.app.routes:  # type: ignore[attr-defined]
        assert isinstance(route, GuardedRoute)
        if "logout" in route.path or "stream" in route.path:
            continue
        address = re.sub(r"{(\w+)(:\w+)?}", lambda match: PATHS.get(match[1], "1"), route.path)
        found: list[tuple[str, str]] = [("params", one.alias) for one in route.dependant.query_params]
        for one in route.dependant.body_params:
            model = one.field_info.annotation
            if isinstance(one.field_info, params.Form):
                found.append(("data", one.alias))
            else:
                kinds = [model, *getattr(model, "__args__", ())]
                body = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
                found += [("json", name) for name in body.model_fields]
        for method in sorted((route.methods or set()) - {"HEAD", "DELETE"}):
            for place, name in found:
                names = [other for where, other in found if where == place]
                others = {other: SAMPLES[other] for other in names if other in SAMPLES and other != name}
                others.pop("rows" if "upload" in others else "", None)
                yield method, address, place, name, others


@pytest.mark.parametrize("field", ["data.target", "training.base_model", "decision.cost", "yaml", "name", "pasted"])
def test_no_field_of_a_form_that_takes_any_name_opens_a_file(
    shop_here: TestClient, kept: Path, table: Path, touched: list[str], field: str
) -> None:
    upload = shop_here.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    costs = str(kept / "costs.yaml")
    texts = [costs, f"decision: {{cost: {costs}}}", f"search: {{space: {{text_transformer: {{base_model: {costs}}}}}}}"]
    for text in texts:
        for address in ("/new/check", f"/new?upload={upload}", "/projects/shop/versions/v1/test"):
            said = shop_here.post(address, data={"data.target": "bought", "way": "paste", field: text})
            assert HELD not in said.text and said.status_code < 500, (address, said.text)
            assert touched == [], (address, text)


def test_a_path_with_an_equals_sign_is_no_pair_of_costs(
    shop_here: TestClient, kept: Path, table: Path, touched: list[str]
) -> None:
    upload = shop_here.post("/api/v1/uploads", params={"name": "shop.csv"}, content=table.read_bytes()).json()["id"]
    costs = str(kept / "costs.yaml")
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/api/v1/projects/shop/versions/v1/decisions", {"cost": costs}),
        ("/api/v1/jobs", {"upload": upload, "settings": {**BASE, "decision.cost": costs}}),
        ("/api/v1/jobs", {"upload": upload, "settings": BASE, "yaml": f"decision: {{cost: {costs}}}"}),
        ("/api/v1/examine", {"upload": upload, "settings": {**BASE, "decision.cost": costs}}),
    ]
    for address, body in asked:
        said = shop_here.post(address, json=body)
        assert said.status_code == 422 and costs in said.json()["detail"] and HELD not in said.text, said.text
    assert touched == []


@pytest.mark.parametrize("family", ["text_transformer", "text-transformer"])
@pytest.mark.parametrize("given", ["/srv/models/mine", ["minilm", "../mine"], {"a": "/srv/models/mine"}])
def test_a_search_takes_no_folder_for_a_base_model(client: TestClient, family: str, given: Any) -> None:
    said = client.post("/api/v1/jobs", json={"settings": {"search.space": {family: {"base_model": given}}}})
    assert said.status_code == 422 and "is a path" in said.json()["detail"], said.text
