"""The normal life of a project on the command line: train, look, predict, measure, compare, switch, remove."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from command_line import Said, Shop, assert_refused, fingerprint, rows, run, write_csv

from trainwright.data.read import read_table


def _in(shop: Shop, *words: str | Path) -> Said:
    """A command that must succeed in the shop's workspace."""
    said = run(*words, "--workspace", shop.workspace)
    assert said.code == 0 and said.err == "", said.err
    return said


NUMBER = (int, float)


def test_train_json_has_every_promised_name(trained: Shop) -> None:
    document = trained.document
    assert (document["project"], document["version"], document["task"]) == ("shop", "v1", "classes")
    assert document["metric"] == "roc_auc"
    sizes = document["n_rows"]
    assert set(sizes) >= {"train", "validation", "test"} and sum(sizes.values()) == 160
    for finding in document["findings"]:
        assert set(finding) >= {"code", "severity", "message", "columns"}
        assert finding["severity"] in ("error", "warning", "note")
    assert {row["family"] for row in document["leaderboard"]} == {"baseline", "linear", "forest"}
    for row in document["leaderboard"]:
        assert isinstance(row["name"], str) and isinstance(row["metrics"]["roc_auc"], float)
        assert all(isinstance(row[name], NUMBER) for name in ("std", "fit_s", "predict_ms_per_row", "size_mb")), row
    assert document["selected"] in {row["name"] for row in document["leaderboard"]}
    for part in ("validation", "test"):
        for name in ("roc_auc", "log_loss", "accuracy"):
            figure = document[part][name]
            assert figure["low"] <= figure["value"] <= figure["high"], (part, name)
    assert 0 < document["threshold"]["value"] < 1
    assert document["diagnosis"]
    assert 0 < document["wall_s"] < 600
    assert Path(document["package"]["path"]).is_dir() and document["package"]["size_mb"] > 0
    assert Path(document["report"]).read_text("utf-8").lstrip().lower().startswith("<!doctype html>")


def test_the_first_screen_of_train(trained: Shop) -> None:
    """At most 25 lines: what was understood, a sentence of verdict, and three next commands."""
    lines = trained.screen.rstrip().split("\n")
    assert len(lines) <= 25
    assert "160 rows" in lines[0] and lines[1].startswith("target  bought (2 classes, positive: no)")
    assert "sealed test" in trained.screen and "at most 1m" in trained.screen
    assert lines[-5].endswith(".") and "bought" in lines[-5]
    assert lines[-4] == "v1 stays active until v2 is activated." and lines[-1].endswith("versions activate shop@v2")
    assert [line.split()[:2] for line in lines[-3:]] == [
        ["trainwright", "report"],
        ["trainwright", "predict"],
        ["trainwright", "versions"],
    ]
    assert "shop@v2" in lines[-2] and "\x1b" not in trained.screen


def test_inspect_shows_and_writes_nothing(trained: Shop, tmp_path: Path) -> None:
    said = run("inspect", trained.table, "--target", "bought")
    assert said.code == 0 and "160 labelled rows" in said.out and "split:" in said.out
    document = run("inspect", trained.table, "--target", "bought", "--json").document
    assert document["rows"] == 160 and document["target"]["positive"] == "no"
    assert {c["name"]: c["kind"] for c in document["schema"]}["age"] == "number"
    assert list(tmp_path.iterdir()) == []


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_predict_writes_every_format_in_the_order_of_the_rows(trained: Shop, tmp_path: Path) -> None:
    table = rows(60, seed=3)
    new = write_csv(tmp_path / "new.csv", [{k: v for k, v in row.items() if k != "bought"} for row in table])
    for suffix in ("csv", "parquet", "jsonl", "xlsx"):
        _in(trained, "predict", "shop", new, "-o", f"out.{suffix}", "--keep", "age,spent")
    read = _read_csv(tmp_path / "out.csv")
    assert list(read[0]) == ["age", "spent", "prediction", "probability_no", "probability_yes", "confidence"]
    assert [row["age"] for row in read] == [str(row["age"]) for row in table]
    assert {row["prediction"] for row in read} == {"yes", "no"}
    likely = [float(row["probability_no"]) for row in read]
    for frame in (
        pl.read_parquet(tmp_path / "out.parquet"),
        pl.read_ndjson(tmp_path / "out.jsonl"),
        read_table(tmp_path / "out.xlsx").frame,
    ):
        assert frame.columns == list(read[0])
        assert frame["probability_no"].cast(pl.Float64).to_list() == pytest.approx(likely, abs=1e-12)
        assert frame["prediction"].to_list() == [row["prediction"] for row in read]
    assert float(read[0]["probability_no"]) + float(read[0]["probability_yes"]) == pytest.approx(1)


def test_predict_explains_ranks_and_takes_a_threshold(trained: Shop, tmp_path: Path) -> None:
    _in(trained, "predict", "shop@v1", trained.table, "-o", "all.csv", "--explain", "--keep", "all")
    read = _read_csv(tmp_path / "all.csv")
    assert [row["spent"] for row in read] == [row["spent"] for row in _read_csv(trained.table)]
    assert all("age" in row["reason_1"] + row["reason_2"] + row["reason_3"] for row in read[:5])
    _in(trained, "predict", "shop@v1", trained.table, "-o", "ranked.csv", "--rank", "--keep", "spent")
    ranked = _read_csv(tmp_path / "ranked.csv")
    likely = [float(row["probability_no"]) for row in ranked]
    assert likely == sorted(likely, reverse=True) and len(ranked) == 160
    assert sorted(row["spent"] for row in ranked) == sorted(row["spent"] for row in read)
    document = _in(trained, "predict", "shop@v1", trained.table, "--threshold", "1", "--json").document
    assert document["version"] == "shop@v1" and document["rows"] == 160 and not document["from_elsewhere"]
    assert {row["prediction"] for row in document["predictions"]} == {"yes"}


def test_predicting_again_writes_the_same_bytes(trained: Shop, tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        _in(trained, "predict", "shop", trained.table, "-o", name)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_evaluate_says_how_many_rows_were_trained_on(shop: Shop, tmp_path: Path) -> None:
    document = _in(shop, "evaluate", "shop", shop.table, "--json").document
    assert document["seen"] == 136 and document["n_rows"] == 160
    assert "136 of 160 rows were trained on" in _in(shop, "evaluate", "shop", shop.table).out
    fresh = write_csv(tmp_path / "fresh.csv", rows(150, seed=11))
    document = _in(shop, "evaluate", "shop", fresh, "--json").document
    assert document["seen"] < 10 and 0.6 < document["metrics"]["roc_auc"]["value"] <= 1


def test_report_is_copied_with_its_card(trained: Shop, tmp_path: Path) -> None:
    assert _in(trained, "report", "shop@v1", "-o", "report.html").out.strip().endswith("report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "shop" in page and "bought" in page
    assert "bought" in (tmp_path / "report.md").read_text("utf-8")
    assert Path(_in(trained, "report", "shop", "--json").document["report"]).is_file()


def test_versions_are_listed_shown_and_compared(trained: Shop, tmp_path: Path) -> None:
    listed = _in(trained, "versions", "list", "--json").document
    assert [(v["name"], v["active"]) for v in listed] == [("shop@v1", True), ("shop@v2", False)]
    assert listed[1]["comments"] == "another seed"
    assert "shop@v2" in _in(trained, "versions", "list", "shop").out
    shown = _in(trained, "versions", "show", "shop@v2", "--json").document
    assert shown["run"] == 2 and shown["validation"]["roc_auc"]["value"] > 0.6
    assert "shop@v2" in _in(trained, "versions", "show", "shop@v2").out
    words = ("versions", "compare", "shop@v1", "v2")
    assert "training.seed: default / 1" in _in(trained, *words).out
    assert _in(trained, *words, "--json").document["verdict"] is None
    few = write_csv(tmp_path / "few.csv", rows(60, seed=21))
    assert "too few for a verdict (100 are needed)" in _in(trained, *words, "--data", few).out
    many = write_csv(tmp_path / "many.csv", rows(200, seed=22))
    document = _in(trained, *words, "--data", many, "--json").document
    assert document["rows"] > 150 and document["verdict"]["verdict"] in ("better", "worse", "not distinguishable")


def test_versions_are_switched_and_removed(shop: Shop) -> None:
    assert_refused(
        run("versions", "delete", "shop@v1", "--workspace", shop.workspace), 2, "v1 of project 'shop' is active"
    )
    assert _in(shop, "versions", "activate", "shop@v2", "--json").document == {"active": "shop@v2"}
    assert "shop@v2" in _in(shop, "predict", "shop", shop.table, "--json").document["version"]
    assert _in(shop, "versions", "rollback", "shop").out.strip() == "shop@v1 is active again"
    assert_refused(run("versions", "rollback", "shop", "--workspace", shop.workspace), 2, "no earlier active version")
    assert _in(shop, "versions", "delete", "shop@v2", "--json").document == {"deleted": "shop@v2"}
    gone = run("predict", "shop@v2", shop.table, "--workspace", shop.workspace)
    assert_refused(gone, 2, "v2 of project 'shop' was deleted")
    assert [v["name"] for v in _in(shop, "versions", "list", "--json").document] == ["shop@v1"]
    assert _in(shop, "predict", "shop", shop.table, "--json").document["version"] == "shop@v1"


def test_runs_are_listed_shown_and_repeated(shop: Shop) -> None:
    listed = _in(shop, "runs", "list", "shop", "--json").document
    assert [(r["run"], r["state"], r["version"]) for r in listed] == [(2, "completed", "v2"), (1, "completed", "v1")]
    shown = _in(shop, "runs", "show", "1", "--json").document
    assert {trial["name"] for trial in shown["trials"]} == {"baseline", "linear", "forest"}
    assert shown["result"]["package"]["sha256"] == shop.document["package"]["sha256"]
    assert "linear" in _in(shop, "runs", "show", "1").out
    assert _in(shop, "runs", "show", "shop@v1", "--json").document["run"] == 1
    assert _in(shop, "runs", "checkpoints", "shop@v2").out == "run 2 has no network that tells its epochs\n"
    repeated = _in(shop, "runs", "repeat", "shop@v1", "--json").document
    assert repeated["same"] is True and repeated["run"] == 1
    assert len(_in(shop, "versions", "list", "--json").document) == 2  # a repetition makes no version


def test_dataset_versions_are_listed_and_shown(trained: Shop) -> None:
    listed = _in(trained, "data", "list", "shop", "--json").document
    assert [(d["version"], d["rows"], d["columns"]) for d in listed] == [("d1", 160, 4)]  # the same bytes, one version
    shown = _in(trained, "data", "show", "shop@d1", "--json").document
    assert [(c["name"], c["role"]) for c in shown["schema"]][-1] == ("bought", "target")
    assert "whole numbers" in _in(trained, "data", "show", "shop").out


def test_families_are_listed_and_shown() -> None:
    listed = run("families", "list", "--json").document
    names = [family["name"] for family in listed]
    assert names[0] == "baseline" and {"linear", "forest", "lightgbm", "catboost"} <= set(names)
    said = run("families", "show", "lightgbm")
    assert said.code == 0 and "Preparation:" in said.out and "guidance" in said.out
    assert run("families", "show", "lightgbm", "--json").document["settings"]


def test_a_configuration_is_written_checked_and_described(tmp_path: Path) -> None:
    assert run("config", "init", "run.yaml", "--target", "bought", "--train-file", "shop.csv").code == 0
    assert_refused(run("config", "init", "run.yaml"), 2, "run.yaml exists")
    checked = run("config", "check", "run.yaml", "--json").document
    assert checked["settings"]["data"]["target"] == "bought"
    assert "run.yaml is sound" in run("config", "check", "run.yaml").out
    schema = run("config", "schema").document
    assert schema["type"] == "object" and "training" in json.dumps(schema)


def test_a_configuration_trains_like_the_flags(trained: Shop, tmp_path: Path) -> None:
    yaml = "data:\n  train_file: {}\n  target: bought\n  folds: 2\ntraining:\n  families: [linear]\n  sample: 0.9\n"
    (tmp_path / "run.yaml").write_text(yaml.format(json.dumps(str(trained.table))))
    said = run("train", "--config", "run.yaml", "--project", "rehearsed", "--time-limit", "60s", "--json")
    assert said.code == 0 and said.err == "", said.err
    document: dict[str, Any] = said.document
    assert document["version"] is None and document["project"] == "rehearsed"  # a rehearsal makes no version
    assert sum(document["n_rows"].values()) == 144


def test_help_is_quick_and_imports_no_learning_library() -> None:
    program = (
        "import sys\nfrom trainwright.cli.app import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as leaving:\n    assert not leaving.code\n"
        "heavy = {'sklearn', 'lightgbm', 'catboost', 'scipy', 'plotly', 'torch', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    for words in (["--help"], ["train", "--help"], ["--version"], ["families", "list"]):
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", program, *words], check=True, capture_output=True, timeout=60)
        assert time.monotonic() - started < 30
    assert run("--version").out.startswith("trainwright ")


def test_reading_commands_change_nothing(trained: Shop) -> None:
    _in(trained, "report", "shop")  # written anew once, where the sealed test was opened since
    before = fingerprint(trained.workspace)
    for words in (
        ("versions", "list"),
        ("versions", "show", "shop"),
        ("versions", "compare", "shop@v1", "shop@v2", "--data", trained.table),
        ("runs", "list"),
        ("runs", "show", "2"),
        ("data", "list"),
        ("data", "show", "shop"),
        ("report", "shop"),
        ("predict", "shop", trained.table),
    ):
        _in(trained, *words)
    assert fingerprint(trained.workspace) == before
