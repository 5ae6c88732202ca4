"""`decide` makes numbered decisions that `predict` follows; packages never change, bad questions cost nothing."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from command_line import QUICK, Shop, assert_refused, fingerprint, rows, run, write_csv

import trainwright as tw


@pytest.fixture(scope="module")
def decided(trained: Shop, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, dict[str, Any]]:
    """A copy of the shop whose active version answers by d1."""
    folder = tmp_path_factory.mktemp("decided")
    shutil.copytree(trained.workspace, folder / "workspace")
    shop = Shop(folder / "workspace", trained.table, trained.document, trained.screen)
    said = run("decide", "shop", "--cost", "fp=1", "fn=20", "--use", "--json", "--workspace", shop.workspace)
    assert said.code == 0, said.err
    return shop, said.document


def _sweep(screen: str) -> list[float]:
    """The thresholds of the sweep that a screen shows."""
    return [float(found[1]) for line in screen.splitlines() if (found := re.match(r" +(0\.\d\d)  ", line))]


def _predicted(shop: Shop, *words: str) -> Any:
    return run("predict", *words, "--workspace", shop.workspace, "--json").document


def test_a_decision_is_kept_and_predict_follows_it(decided: tuple[Shop, dict[str, Any]]) -> None:
    shop, document = decided
    assert document["label"] == "d1" and document["used"] and document["goal"] == "cost"
    cut, yes = document["policy"]["high"], document["target"]["positive"]
    no = next(name for name in ("no", "yes") if name != yes)
    found = _predicted(shop, "shop", str(shop.table))
    assert found["decision"] == "d1" and any("d1" in note for note in found["notes"])
    for row in found["predictions"]:
        assert row["decision"] == row["prediction"] == (yes if row[f"probability_{yes}"] >= cut else no)
    plain = _predicted(shop, "shop", str(shop.table), "--decision", "none")
    assert plain["decision"] is None and "decision" not in plain["predictions"][0]
    flagged, before = (sum(r["prediction"] == yes for r in d["predictions"]) for d in (found, plain))
    assert flagged > before
    other = _predicted(shop, "shop", str(shop.table), "--threshold", "0.99")
    assert "decision" not in other["predictions"][0]


def test_python_loads_the_version_with_its_decision(decided: tuple[Shop, dict[str, Any]]) -> None:
    shop, document = decided
    row = {key: value for key, value in rows(1)[0].items() if key != "bought"}
    model = tw.load("shop", workspace=shop.workspace)
    assert model.decision == "d1"
    one = model.predict_row(row)
    assert one["decision"] == one["prediction"] == model.predict(pl.DataFrame([row]))["decision"][0]
    assert tw.load("shop@v1", decision="none", workspace=shop.workspace).decision is None
    assert tw.load("shop@v1", decision="d1", workspace=shop.workspace).decision == "d1"
    page = Path(document["report"]).read_text(encoding="utf-8")
    assert "Decision d1, in force" in page and "Decided (d1): Of 1,000 cases" in page


def test_the_decision_is_said_listed_and_shown(decided: tuple[Shop, dict[str, Any]]) -> None:
    shop, _ = decided
    where = ("--workspace", shop.workspace)
    listed = run("decide", "shop", "--list", "--json", *where).document
    assert [(d["label"], d["used"], d["flags"]) for d in listed] == [("d1", True, "--cost fp=1 fn=20")]
    shown = run("decide", "shop", "--show", "d1", *where)
    assert "Of 1,000 cases" in shown.out and "because: flagged from" in shown.out
    lines = shown.out.splitlines()
    said = next(line for line in lines if line.startswith("d1: flag as "))
    assert lines[0].startswith("shop@v1 d1: Of 1,000 cases") and said in lines[-4:]  # first and last
    assert len(_sweep(shown.out)) == 4 and "13 more thresholds" in shown.out
    assert len(_sweep(run("decide", "shop", "--show", "d1", "--full", *where).out)) == 17
    short = run("decide", "shop", "--list", *where).out
    assert "in force" in short and said.removeprefix("d1: ") in short and "because" not in short
    assert len(short.splitlines()) <= 6 and shown.out.splitlines()[0].removeprefix("shop@v1 ") not in short
    assert lines[0].removeprefix("shop@v1 ") in run("decide", "shop", "--list", "--full", *where).out
    version = run("versions", "show", "shop@v1", "--json", *where).document
    assert [d["label"] for d in version["decisions"]] == ["d1"]
    screen = run("versions", "show", "shop@v1", *where).out
    assert "answers by" in screen and said in screen and len(screen.splitlines()) < 20
    assert "manifest_sha" in run("versions", "show", "shop@v1", "--full", *where).out and "manifest_sha" not in screen


def test_the_package_does_not_change_and_a_rollback_undoes_the_decision(shop: Shop) -> None:
    where = ("--workspace", shop.workspace)
    packages = sorted((shop.workspace / "artifacts").rglob("manifest.json"))
    before = [path.read_bytes() for path in packages]
    assert run("decide", "shop", "--capacity", "20/100", "--use", *where).code == 0
    assert [path.read_bytes() for path in packages] == before
    run("decide", "shop", "--beta", "2", "--use", *where)
    assert [d["used"] for d in run("decide", "shop", "--list", "--json", *where).document] == [False, True]
    back = run("versions", "rollback", "shop", "--json", *where).document
    assert back == {"active": "shop@v1", "decision": "d1"}
    assert "d1 of v1 does not hold for v2" in run("versions", "activate", "shop@v2", *where).out
    assert run("versions", "activate", "shop@v1", "--json", *where).document["decision"] == "d1"
    assert run("decide", "shop", "--use", "none", "--json", *where).document["decision"] is None


def test_a_review_band_sends_rows_to_a_person(shop: Shop) -> None:
    where = ("--workspace", shop.workspace)
    words = ("decide", "shop", "--review-band", "--capacity", "30%", "--cost", "fp=1,fn=4", "--use", "--json", *where)
    said = run(*words)
    assert said.code == 0, said.err
    assert "go to a person" in said.document["text"]
    found = _predicted(shop, "shop", str(shop.table))["predictions"]
    low, high = said.document["policy"]["low"], said.document["policy"]["high"]
    for row in found:
        p = row[f"probability_{said.document['target']['positive']}"]
        assert row["decision"] == ("accept" if p < low else "reject" if p >= high else "review")
    assert {row["decision"] for row in found} == {"accept", "review", "reject"}


def test_segments_and_prevalence_decide_at_predict_time(shop: Shop, tmp_path: Path) -> None:
    where = ("--workspace", shop.workspace)
    said = run("decide", "shop@v1", "--cost", "fp=1 fn=3", "--by", "job", "--json", *where)
    assert said.code == 0, said.err
    assert {row["value"] for row in said.document["segments"]} == {"clerk", "cook", "nurse"}
    rare = run("decide", "shop@v1", "--threshold", "0.3", "--prevalence", "0.05", "--json", *where)
    assert rare.code == 0, rare.err
    plain, true = (_predicted(shop, "shop@v1", str(shop.table), "--decision", d)["predictions"] for d in ("none", "d2"))
    yes = rare.document["target"]["positive"]
    assert all(t[f"probability_{yes}"] < p[f"probability_{yes}"] for t, p in zip(true, plain))
    assert all((t["decision"] == yes) == (t[f"probability_{yes}"] >= 0.3) for t in true)


REFUSED = {
    "no goal": (("decide", "shop"), "no goal is given"),
    "two goals": (("decide", "shop", "--beta", "2", "--capacity", "1/10"), "two goals"),
    "capacity": (("decide", "shop", "--capacity", "300/200"), "300 is more than the 200"),
    "part of a case": (("decide", "shop", "--capacity", "1.5/10"), "two whole numbers"),
    "costs that lack several": (("decide", "shop", "--cost", "empty.yaml"), "the classes 'no', 'yes' are missing"),
    "a table as costs": (("decide", "shop", "--cost", "costs.csv"), "'costs.csv' is no file of costs"),
    "matrix": (("decide", "shop", "--cost", "matrix.yaml"), "`matrix` must be a list, found '3'"),
    "use before the name": (("decide", "--use", "shop"), "no version is named: --use took 'shop'"),
    "list and use": (("decide", "shop", "--list", "--use"), "--list and --use do not go together"),
    "show nothing": (("decide", "shop", "--show", ""), "'' names no decision"),
    "evaluate": (("evaluate", "shop", "shop.csv", "--decision", "d4"), "no decision"),
    "above the rows": (("decide", "shop", "--capacity", "90000"), "there are only {held_out} rows"),
    "a list of costs": (("decide", "shop", "--cost", "list.yaml"), "such as `good: {{bad: 20}}`, found a list"),
    "costs": (("decide", "shop", "--cost", "fp=-1", "fn=2"), "at least 0"),
    "no such class": (("decide", "shop", "--cost", "costs.yaml"), "no class 'maybe'"),
    "no such file": (("decide", "shop", "--cost", "missing.yaml"), "missing.yaml cannot be read"),
    "recall": (("decide", "shop", "--min-recall", "0.999"), "cannot be promised"),
    "column": (("decide", "shop", "--beta", "1", "--by", "jobb"), "job"),
    "target as column": (("decide", "shop", "--beta", "1", "--by", "bought"), "is what is predicted"),
    "many values": (("decide", "shop", "--beta", "1", "--by", "spent"), "at most 50"),
    "prevalence": (("decide", "shop", "--beta", "1", "--prevalence", "2"), "between 0 and 1"),
    "not active": (("decide", "shop@v2", "--beta", "1", "--use"), "not the active version"),
    "no such version": (("decide", "shop@v9", "--beta", "1"), "no version v9"),
    "no decision": (("decide", "shop@v2", "--show", "d1"), "no decision"),
    "not together": (("decide", "shop", "--beta", "1", "--list"), "do not go together"),
    "pair without cost": (("decide", "shop", "fp=1", "fn=2"), "costs follow --cost"),
    "predict": (("predict", "shop", "shop.csv", "--decision", "d4"), "no decision"),
    "both": (("predict", "shop", "shop.csv", "--decision", "d1", "--threshold", "0.2"), "give one of them"),
}


def test_bad_questions_are_refused_and_leave_nothing(trained: Shop, tmp_path: Path) -> None:
    (tmp_path / "costs.yaml").write_text("yes: {maybe: 1}\nmaybe: {yes: 2}\n", encoding="utf-8")
    (tmp_path / "empty.yaml").write_text("unit: euros\n", encoding="utf-8")
    (tmp_path / "matrix.yaml").write_text("matrix: 3\n", encoding="utf-8")
    (tmp_path / "list.yaml").write_text("[[0, 1], [5, 0]]\n", encoding="utf-8")
    shutil.copy(trained.table, tmp_path / "shop.csv")
    held_out = trained.document["n_rows"]["train"] + trained.document["n_rows"]["validation"]
    before = fingerprint(trained.workspace)
    for case, (words, message) in REFUSED.items():
        said = run(*words, "--workspace", trained.workspace)
        assert said.code == 2 and message.format(held_out=held_out) in said.err, (case, said.err, said.out[-500:])
        assert_refused(said, 2)
    assert fingerprint(trained.workspace) == before


def test_a_training_records_the_decision_of_its_file_and_the_next_one_says_that_it_does_not_hold(
    tmp_path: Path,
) -> None:
    table = write_csv(tmp_path / "shop.csv", rows(seed=3))
    (tmp_path / "run.yaml").write_text(
        "data: {train_file: shop.csv, target: bought}\ndecision:\n  cost: {fp: 1, fn: 5}\n", encoding="utf-8"
    )
    where = (*QUICK, "--workspace", tmp_path / "workspace")
    said = run("train", "--config", tmp_path / "run.yaml", *where, "--json")
    assert said.code == 0, said.err
    found = said.document["operating_point"]
    assert found["label"] == "d1" and found["origin"] == "training" and "Of 1,000 cases" in found["text"]
    assert said.document["threshold"]["value"] == pytest.approx(found["policy"]["high"])
    listed = run("decide", "shop", "--list", "--json", "--workspace", tmp_path / "workspace").document
    assert [(d["label"], d["used"], d["origin"]) for d in listed] == [("d1", True, "training")]
    assert 'id="operating_point"' in Path(said.document["report"]).read_text(encoding="utf-8")
    again = run("train", table, "--target", "bought", *where)
    assert "d1 was made for shop@v1 and does not hold for shop@v2" in again.out
    assert "trainwright decide shop@v2 --cost fp=1 fn=5" in again.out
    bad = tmp_path / "bad.yaml"
    bad.write_text("data: {train_file: shop.csv, target: bought}\ndecision: {beta: 2, capacity: 1/5}\n", "utf-8")
    assert_refused(run("train", "--config", bad, *where), 2, "two goals", "line 2")


def test_a_labelled_file_is_judged_by_the_decision_that_predict_follows(
    decided: tuple[Shop, dict[str, Any]], tmp_path: Path
) -> None:
    shop, document = decided
    where = ("--workspace", shop.workspace)
    fresh = write_csv(tmp_path / "fresh.csv", rows(150, seed=11))
    yes = document["target"]["positive"]
    answers = [row["prediction"] for row in _predicted(shop, "shop", str(fresh))["predictions"]]
    truth = [row["bought"] for row in rows(150, seed=11)]
    right = sum(a == t == yes for a, t in zip(answers, truth))
    found = run("evaluate", "shop", fresh, "--json", *where).document
    assert found["decision"]["label"] == "d1" and found["threshold"] == document["policy"]["middle"]
    assert found["metrics"]["recall"]["value"] == pytest.approx(right / truth.count(yes))
    assert found["metrics"]["precision"]["value"] == pytest.approx(right / answers.count(yes))
    figures = found["decision"]["figures"]
    assert figures["recall"]["value"] == pytest.approx(right / truth.count(yes))
    missed, alarms = truth.count(yes) - right, answers.count(yes) - right
    assert figures["cost_per_1000"]["value"] == pytest.approx(1000 * (20 * missed + alarms) / 150)
    assert found["decision"]["expected"] == document["figures"]
    screen = run("evaluate", "shop", fresh, *where).out
    assert "decided by d1 (--cost fp=1 fn=20), as predict does" in screen and "held-out rows of the training" in screen
    plain = run("evaluate", "shop", fresh, "--decision", "none", "--json", *where).document
    assert plain["decision"] is None and plain["metrics"]["recall"]["value"] < found["metrics"]["recall"]["value"]
    assert plain["metrics"]["roc_auc"] == found["metrics"]["roc_auc"]
    assert "own threshold" in run("evaluate", "shop", fresh, "--decision", "none", *where).out
    kept = run("versions", "show", "shop@v1", "--json", *where).document["evaluations"]
    assert [one["decision"] for one in kept[-4:]] == ["d1", "d1", None, None]


def test_reviews_and_thresholds_by_site_are_judged_on_a_file(shop: Shop, tmp_path: Path) -> None:
    where = ("--workspace", shop.workspace)
    fresh = write_csv(tmp_path / "fresh.csv", rows(150, seed=11))
    assert run("decide", "shop@v1", "--review-band", "--capacity", "30%", "--cost", "fp=1,fn=4", *where).code == 0
    assert run("decide", "shop@v1", "--cost", "fp=1 fn=3", "--by", "job", *where).code == 0
    for label in ("d1", "d2"):
        words = ("shop@v1", str(fresh), "--decision", label)
        answers = _predicted(shop, *words)["predictions"]
        found = run("evaluate", *words, "--json", *where).document
        accuracy = sum(a["prediction"] == row["bought"] for a, row in zip(answers, rows(150, seed=11))) / 150
        assert found["metrics"]["accuracy"]["value"] == pytest.approx(accuracy)
        sent = sum(a["decision"] == "review" for a in answers) / 150
        assert found["decision"]["figures"]["review"]["value"] == pytest.approx(sent)
        assert any("go to a person" in note for note in found["notes"]) == (sent > 0) == (label == "d1")
    lacking = write_csv(tmp_path / "fresh2.csv", rows(150, seed=11))
    assert run("evaluate", "shop@v1", lacking, "--decision", "d2", *where).code == 0


def test_versions_are_compared_as_each_decides(decided: tuple[Shop, dict[str, Any]], tmp_path: Path) -> None:
    shop, _ = decided
    where = ("--workspace", shop.workspace)
    table = write_csv(tmp_path / "more.csv", rows(300, seed=5))
    folder = tmp_path / "by-f1"
    shutil.copytree(shop.workspace, folder)
    with contextlib.closing(sqlite3.connect(folder / "trainwright.db")) as database:  # as `--metric f1` leaves it
        database.execute("UPDATE version SET metrics = json_set(metrics, '$.metric', 'f1')")
        database.commit()
    said = run("versions", "compare", "shop@v1", "v2", "--data", table, "--json", "--workspace", folder).document
    first, second = said["versions"]
    assert first["decision"] == "d1" and first["decides"] == "d1 (--cost fp=1 fn=20)"
    assert second["decision"] is None and second["decides"].startswith("its own threshold 0.")
    # The figure is that of `evaluate`, which decides as the version answers; at one half it would be another.
    by = {
        name: run("evaluate", name, table, "--json", "--workspace", folder).document["metrics"]["f1"]["value"]
        for name in ("shop@v1", "shop@v2")
    }
    assert said["verdict"]["difference"] == pytest.approx(by["shop@v2"] - by["shop@v1"])
    assert "shop@v1 decides by d1" in said["reason"] and "shop@v2 decides by its own threshold" in said["reason"]
    # A figure of probabilities asks for no decision, and without rows the decisions are shown all the same.
    said = run("versions", "compare", "shop@v1", "shop@v2", *where)
    assert "shop@v1 decides by d1 (--cost fp=1 fn=20)" in said.out
    plain = run("versions", "compare", "shop@v1", "v2", "--data", table, "--json", *where).document
    assert plain["verdict"] is not None and "decides" not in plain["reason"]
