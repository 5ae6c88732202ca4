"""Versions taken elsewhere over REST and page: what comes out answers as the server does, and leaves nothing behind."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

ROWS: list[dict[str, Any]] = [
    {"age": 55.0, "price": 10.0, "kind": "pen"},
    {"age": 25.0, "price": 30.0, "kind": "book"},
    {"age": 41.5, "price": 20.0, "kind": None},
    {"age": None, "price": 18.0, "kind": "chair"},
]
UNSURE = {"age": 44.0, "price": 20.0, "kind": "pen"}
REST = "/api/v1/projects/shop/versions/v1/export"
PAGE = "/projects/shop/versions/v1/export"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the server's process puts temporary files."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def unpacked(content: bytes, place: Path) -> Path:
    """The one folder that the zip file holds."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        archive.extractall(place)
    [folder] = place.iterdir()
    return folder


def test_a_folder_over_rest_predicts_what_the_server_predicts(
    shop_here: TestClient, scratch: Path, tmp_path: Path
) -> None:
    sent = shop_here.get(REST, params={"format": "folder"})
    assert sent.status_code == 200 and sent.headers["content-type"] == "application/zip"
    assert 'filename="shop-v1-folder.zip"' in sent.headers["content-disposition"]
    assert list(scratch.iterdir()) == []  # what was sent is removed
    folder = unpacked(sent.content, tmp_path / "elsewhere")
    assert folder.name == "shop-v1-folder"
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    command = [sys.executable, "-I", str(folder / "predict.py"), str(tmp_path / "rows.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    own = shop_here.post("/api/v1/projects/shop/predict", json={"rows": ROWS}).json()["predictions"]
    assert [row["prediction"] for row in found] == [row["prediction"] for row in own]
    for row, known in zip(found, own):
        assert float(row["probability_yes"]) == pytest.approx(known["probability_yes"], abs=1e-6)


def test_an_onnx_file_over_the_page_follows_the_decision_that_is_named(
    shop_here: TestClient, scratch: Path, tmp_path: Path
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    address = "/api/v1/projects/shop/versions/v1/decisions"
    [known] = shop_here.post("/api/v1/projects/shop/predict", json={"rows": [UNSURE]}).json()["predictions"]
    assert 0.05 < known["probability_yes"] < 0.95
    own, other = known["prediction"], {"yes": "no", "no": "yes"}[known["prediction"]]
    positive = shop_here.get("/api/v1/runs/1/result").json()["target"]["positive"]
    threshold = 0.99 if own == positive else 0.01  # so that the decision turns this row over
    assert shop_here.post(address, json={"threshold": threshold}).json()["label"] == "d1"
    answers = {}
    for name, place, asked in (("own", PAGE, {}), ("d1", REST, {"decision": "d1"})):
        sent = shop_here.get(place, params={"format": "onnx", **asked})
        assert sent.status_code == 200, sent.text
        [model] = unpacked(sent.content, tmp_path / name).rglob("*.onnx")
        session = runtime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        answers[name] = label_of(session, UNSURE)
    assert answers == {"own": own, "d1": other}
    assert list(scratch.iterdir()) == []


def label_of(session: Any, row: dict[str, Any]) -> str:
    """What an exported model decides about one row."""
    import numpy as np

    given = {}
    for one in session.get_inputs():
        kind = object if "string" in one.type else np.float64 if "double" in one.type else np.float32
        given[one.name] = np.array([[row[one.name]]] if len(one.shape) == 2 else [row[one.name]], dtype=kind)
    for name, values in zip((one.name for one in session.get_outputs()), session.run(None, given)):
        if values.dtype == object:
            assert name
            return str(np.ravel(values)[0])
    raise AssertionError("the model gives no label")


def test_the_page_offers_every_form_that_rest_takes(shop: TestClient) -> None:
    page = shop.get("/projects/shop/versions/v1/package").text
    paths = shop.get("/api/v1/openapi.json").json()["paths"]
    [described] = [about["get"] for path, about in paths.items() if path.endswith("{version}/export")]
    forms = next(one for one in described["parameters"] if one["name"] == "format")["schema"]["enum"]
    assert len(forms) == 3
    for form in forms:
        assert f'name="format" value="{form}"' in page


def test_an_export_that_cannot_be_says_why_and_leaves_nothing(
    shop_here: TestClient, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for asked, status in (
        ({"format": "pickle"}, 422),
        ({"format": "onnx", "decision": "d9"}, 422),
        ({"format": "onnx", "decision": "../d1"}, 422),
    ):
        refused = shop_here.get(REST, params=asked)
        assert refused.status_code == status and refused.json()["detail"], refused.text
    assert shop_here.get(REST.replace("v1/export", "v9/export")).status_code == 404

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("shutil.make_archive", full)
        for place in (f"{REST}?format=folder", f"{PAGE}?format=folder", REST.replace("export", "package")):
            said = shop_here.get(place)
            assert said.status_code == 507 and "is full" in said.text, said.text
    assert list(scratch.iterdir()) == []


def test_a_viewer_may_not_export(shop: TestClient, as_role: Callable[..., TestClient]) -> None:
    for place in (REST, PAGE):
        assert as_role(shop, "viewer").get(place).status_code == 403
    assert "Export for other programs" not in as_role(shop, "viewer").get("/projects/shop/versions/v1/package").text
