"""Pages of versions that predict a number, or read texts: their evaluation, what stands behind a cell, and a test."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from starlette.testclient import TestClient
from test_web_pages_versions import in_script

from trainwright.store.workspace import open_workspace

QUICK = ["--families", "linear", "--folds", "2", "--repeats", "1", "--time-limit", "60s", "--json"]
TEAMS = {
    "billing": ("invoice", "refund", "payment", "charged", "receipt", "card"),
    "delivery": ("parcel", "courier", "address", "late", "tracking", "box"),
    "support": ("password", "login", "error", "screen", "reset", "crash"),
}
OTHER = ("please", "hello", "today", "again", "thanks", "customer", "order", "help", "yesterday", "question", "reply")


def complaints() -> pl.DataFrame:
    """240 short letters and the team that each belongs to; one in twelve lies with a wrong team."""
    rng = np.random.default_rng(3)
    teams = list(TEAMS)
    rows = []
    for number in range(240):
        team = teams[number % 3]
        words = [*rng.choice(TEAMS[team], 3, replace=False), *rng.choice(OTHER, 6, replace=False)]
        rng.shuffle(words)
        wrong = teams[(number + 1) % 3]
        rows.append({"letter": " ".join(words) + f" number {number}", "team": wrong if number % 12 == 5 else team})
    return pl.DataFrame(rows)


def rents() -> pl.DataFrame:
    """200 flats: size, distance, quarter, and the rent that follows from them but for noise."""
    rng = np.random.default_rng(4)
    size, distance = rng.normal(70, 20, 200).clip(20).round(1), rng.uniform(0, 10, 200).round(2)
    quarter = rng.choice(["north", "south"], 200)
    rent = 300 + 9 * size - 25 * distance + np.where(quarter == "north", 80, 0) + rng.normal(0, 40, 200)
    return pl.DataFrame({"size": size, "distance": distance, "quarter": quarter, "rent": rent.round(2)})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a version for each: rents@v1 predicts a number, complaints@v1 reads letters."""
    from trainwright.cli.app import main

    place = tmp_path_factory.mktemp("kinds")
    for name, frame, target in (("rents", rents(), "rent"), ("complaints", complaints(), "team")):
        frame.write_csv(place / f"{name}.csv")
        given = ["train", str(place / f"{name}.csv"), "--target", target, *QUICK, "--workspace", str(place / "ws")]
        with contextlib.redirect_stdout(io.StringIO()) as out, pytest.raises(SystemExit) as ended:
            main(given)
        assert ended.value.code == 0, out.getvalue()
    return place / "ws"


@pytest.fixture
def kinds(folder: Path, serve: Callable[..., TestClient]) -> TestClient:
    """The administrator at that workspace."""
    return serve(open_workspace(folder))


def fields(page: str) -> dict[str, str]:
    """The name of each column's field in the form of a test."""
    return {name: field for field, name in re.findall(r'<label for="(column-\d)">(\w+)</label>', page)}


def test_the_evaluation_of_a_number_has_its_own_figures_and_no_threshold(kinds: TestClient) -> None:
    page = kinds.get("/projects/rents/versions/v1").text
    for words in ("Predicting rent", "Sealed test RMSE", "How far a single prediction may be off", "Download report"):
        assert words in page, words
    assert "Choose a threshold" not in page and "data-cell" not in page and 'id="thresholds"' not in page
    assert in_script(page, "tw-examples")["cells"] == {}
    for figure in ("residuals", "residual_histogram"):
        assert in_script(page, f"figure-{figure}")["data"], figure
    assert "Sealed test RMSE" not in kinds.get("/projects/complaints/versions/v1").text
    before = kinds.get("/projects/rents/versions/v1/activate")
    assert before.status_code == 200 and "rent" in before.text


def test_a_number_is_predicted_on_the_page_with_its_width(kinds: TestClient) -> None:
    address = "/projects/rents/versions/v1/test"
    named = fields(kinds.get(address).text)
    assert set(named) == {"size", "distance", "quarter"}
    given = {named["size"]: "100", named["distance"]: "1", named["quarter"]: "north"}
    page = kinds.post(address, data={"way": "form", **given}).text
    found = re.search(r'<p class="big">([\d.,]+)', page)
    assert found and 1100 < float(found[1].replace(",", "")) < 1400, page
    assert "size = 100" in page
    low, high = (float(one.replace(",", "")) for one in re.findall(r"<strong>([\d.,]+)</strong>", page)[:2])
    assert low < float(found[1].replace(",", "")) < high

    pasted = kinds.post(address, data={"way": "paste", "pasted": "size,distance,quarter\n100,1,north\n40,9,south\n"})
    assert "2 answers" in pasted.text
    assert kinds.post(address, data={"way": "form", **given, named["size"]: "big"}).status_code == 422


def test_a_cell_of_the_matrix_opens_its_texts(kinds: TestClient) -> None:
    page = kinds.get("/projects/complaints/versions/v1").text
    held = in_script(page, "tw-examples")
    assert held["columns"][-1] == "team" and "letter" in held["columns"]
    at = held["columns"].index("letter")
    letters = {row["letter"]: row["team"] for row in complaints().iter_rows(named=True)}
    cells = set(re.findall(r'data-cell="(\d,\d)"', page))
    assert {"0,0", "1,1", "2,2"} <= cells
    teams = sorted(TEAMS)
    for cell in cells:
        true = teams[int(cell[0])]
        for row in held["cells"][cell]:
            shown = held["rows"].get(str(row))
            if shown is not None:
                assert letters[shown[at]] == shown[-1] == true
    wrong = [cell for cell in cells if cell[0] != cell[2]]
    assert wrong and all(held["rows"][str(held["cells"][cell][0])] for cell in wrong)


def test_a_text_is_tried_by_form_and_by_paste(kinds: TestClient) -> None:
    address = "/projects/complaints/versions/v1/test"
    page = kinds.get(address).text
    named = fields(page)
    assert set(named) == {"letter"} and f'<textarea id="{named["letter"]}"' in page
    answer = kinds.post(
        address, data={"way": "form", named["letter"]: "the courier lost my parcel and the tracking"}
    ).text
    assert re.search(r'<p class="big">delivery</p>', answer), answer
    assert "parcel" in answer and "lost my parcel and the tracking</textarea>" in answer
    pasted = kinds.post(
        address, data={"way": "paste", "pasted": '[{"letter": "refund of an invoice"}, {"letter": ""}]'}
    )
    assert pasted.status_code == 200 and "2 answers" in pasted.text and "billing" in pasted.text
