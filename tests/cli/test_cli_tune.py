"""`trainwright tune` as people use it: a search, its result, the training after it, and what it refuses."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from command_line import Shop, assert_refused, fingerprint, finish, run, start

import trainwright as tw
from trainwright.store.projects import ensure_project
from trainwright.store.searches import create_search
from trainwright.store.transaction import write
from trainwright.store.workspace import open_workspace

SPACE = "linear:\n  C: [0.01, 0.1, 10.0]\n"


@pytest.fixture
def space(tmp_path: Path) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text(SPACE)
    return path


def test_a_search_leads_to_a_version_whose_figure_is_corrected_for_it(shop: Shop, space: Path) -> None:
    said = run("tune", "shop", "--space", space, "--family", "linear", "--json", "--workspace", shop.workspace)
    assert said.code == 0, said.err
    document = said.document
    assert (document["name"], document["method"], document["dataset"]) == ("s1", "grid", "d1")
    assert [t["settings"] for t in document["trials"]] == [{}, {"C": 0.01}, {"C": 0.1}, {"C": 10.0}]
    assert document["version"] == "v3" and document["ended"] == "all trials are done"
    training = document["training"]
    figure = training["validation"][training["metric"]]
    assert "taken off for having been chosen among" in figure["method"] and "as_chosen" in figure
    # The baselines, the contender where it differs from them, and the trials of the search.
    assert training["comparison"]["optimism"]["candidates"] >= 3 + 4
    assert training["search"]["best"]["number"] == document["best"]["number"]
    assert training["ledger"]["k"] == 3, "each of the three trainings opened the sealed test once, the search did not"
    report = Path(training["report"]).read_text()
    assert "Did searching for better settings pay?" in report and "as chosen" in report
    again = run("runs", "repeat", training["run"], "--json", "--workspace", shop.workspace)
    assert again.code == 0, again.err
    assert again.document["package"]["sha256"] == training["package"]["sha256"]


def test_the_screen_tells_of_each_trial_and_of_what_is_next(shop: Shop, space: Path) -> None:
    words = ("tune", "shop@v1", "--space", space, "--trials", "3", "--no-train", "--workspace", shop.workspace)
    said = run(*words, "--method", "grid")
    assert said.code == 0, said.err
    assert (
        "search  s1, grid" in said.out
        and "the grid has 3 combinations, and 3 trials are enough for about 2" in said.out
    )
    assert "trial 2   linear C=0.1" in said.out and "best " in said.out and " left" in said.out
    assert "trainwright train --project shop --data-version d1 --winner-of 1" in said.out
    listed = run("tune", "shop", "--list", "--json", "--workspace", shop.workspace)
    assert [(row["search"], row["state"], row["trials"]) for row in listed.document] == [("s1", "finished", 3)]
    assert "s1" in run("tune", "shop", "--list", "--workspace", shop.workspace).out
    finished = run("tune", "shop", "--resume", "--workspace", shop.workspace)
    assert_refused(finished, 2, "no search that is unfinished")
    more = ("tune", "shop", "--search", "s1", "--trials", "4", "--no-train", "--json", "--workspace", shop.workspace)
    on = run(*more)
    assert on.code == 0, on.err
    assert [t["number"] for t in on.document["trials"]] == [0, 1, 2, 3]
    assert_refused(run(*more), 2, "s1 is finished", "--trials 8")


def test_the_same_in_python(shop: Shop) -> None:
    found = tw.tune("shop", space={"linear": {"C": [0.1]}}, train=False, workspace=shop.workspace)
    assert [trial["settings"] for trial in found.trials] == [{}, {"C": 0.1}]
    assert found.best is not None and found.best["score"] == max(trial["score"] for trial in found.trials)
    assert found.version is None and found.training is None
    assert found.gain["score_corrected"] <= found.gain["score_as_chosen"]


def test_a_training_may_begin_with_a_search(shop: Shop, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(
        "target: bought\nproject: shop2\nfamilies: [linear]\nfolds: 2\nrepeats: 1\ntime_limit: 60s\n"
        "search:\n  trials: 3\n  method: grid\n  space:\n    linear: {C: [0.01, 0.1]}\n"
    )
    said = run("train", shop.table, "--config", config, "--json", "--workspace", shop.workspace)
    assert said.code == 0, said.err
    search = said.document["search"]
    assert [t["settings"] for t in search["trials"]] == [{}, {"C": 0.01}, {"C": 0.1}]
    assert said.document["comparison"]["optimism"]["candidates"] >= 3 + 3
    names = [row["name"] for row in said.document["leaderboard"]]
    assert "linear_tuned" in names or search["best"]["settings"] == {}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nobody",), 2, ["there is no project 'nobody'"]),
        (("shop@v9",), 2, ["v9"]),
        (("shop", "--trials", "0"), 2, ["--trials must be a whole number from 1"]),
        (("shop", "--time-limit", "0s"), 2, ["--time-limit"]),
        (("shop", "--time-limit", "soon"), 2, ["soon"]),
        (("shop", "--family", "catbost"), 2, ["did you mean 'catboost'"]),
        (("shop", "--space", "nowhere.yaml"), 2, ["there is no file nowhere.yaml"]),
        (("shop", "--space", "wid"), 2, ["did you mean 'wide'"]),
        (("shop", "--space", ""), 2, ["the search space is empty"]),
        (("shop", "--family", ""), 2, ["--family '' names no family"]),
        (("shop", "--family", "linear,,forest"), 2, ["'linear,,forest' names no family"]),
        (("shop", "--family", "linear,forest", "--trials", "1"), 2, ["2 families", "at most 1 trials", "--trials"]),
        (("shop", "--resume"), 2, ["no search that is unfinished"]),
        (("shop", "--search", "7"), 2, ["no search s7"]),
        (("shop", "--resume", "--space", "wide"), 2, ["--space cannot change"]),
        (("shop", "--resume", "--seed", "0", "--no-prune"), 2, ["--seed, --no-prune cannot change"]),
        (("shop", "--search", "", "--method", "grid"), 2, ["--method cannot change"]),
        (("shop", "--method", "guess"), 2, ["guess"]),
        (("shop", "--seed", "9" * 20), 2, ["--seed must be a whole number from 0 to 4294967295"]),
        (("shop", "--search", "9" * 20), 2, ["no search s999"]),
    ],
)
def test_bad_input_is_one_message(trained: Shop, words: tuple[str, ...], code: int, said: list[str]) -> None:
    assert_refused(run("tune", *words, "--workspace", trained.workspace), code, *said)
    as_json = run("tune", *words, "--workspace", trained.workspace, "--json")
    assert json.loads(as_json.out)["error"]["exit_code"] == code


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("TABLE", "--project", "shop", "--winner-of", "7"), ["project 'shop' has no search s7", "it has: none yet"]),
        (("TABLE", "--winner-of", "7"), ["project 'shop' has no search s7"]),
        (("TABLE", "--project", "shoe", "--winner-of", "1"), ["(--winner-of)", "'shoe'", "no such project"]),
        (("--project", "shop", "--data-version", "d1", "--winner-of", "7"), ["project 'shop' has no search s7"]),
        (("TABLE", "--winner-of", "1", "--search-trials", "5"), ["search.trials (--search-trials)", "keep one"]),
        (("TABLE", "--project", "shop", "--incremental", "--winner-of", "1"), ["(--winner-of) and --incremental"]),
        (("--project", "shop", "--data-version", "d1", "--search-space", "no.yaml"), ["no file no.yaml"]),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_any_work(
    trained: Shop, words: tuple[str, ...], said: list[str]
) -> None:
    before = fingerprint(trained.workspace)
    target = () if "--data-version" in words or "--incremental" in words else ("--target", "bought")
    given = [trained.table if word == "TABLE" else word for word in words]
    assert_refused(run("train", *given, *target, "--workspace", trained.workspace), 2, *said)
    assert fingerprint(trained.workspace) == before, "neither a split nor a run was written"


def test_the_winner_of_a_search_in_which_nothing_was_completed_is_refused(shop: Shop, tmp_path: Path) -> None:
    with write(open_workspace(shop.workspace)) as connection:
        create_search(
            connection,
            1,
            dataset_version_id=1,
            split_id=1,
            run_id=1,
            method="grid",
            metric="roc_auc",
            seed=0,
            space={},
            settings={},
        )
    before = fingerprint(shop.workspace)
    words = ("train", shop.table, "--target", "bought", "--winner-of", "1")
    said = run(*words, "--workspace", shop.workspace)
    assert_refused(said, 2, "which has completed no trial", "trainwright tune shop --search 1")
    assert fingerprint(shop.workspace) == before
    assert_refused(run(*words, "--workspace", tmp_path / "fresh"), 2, "there is no workspace yet")
    assert not (tmp_path / "fresh").exists()


def test_a_typo_in_a_space_is_named_with_its_line(trained: Shop, space: Path) -> None:
    space.write_text("linear:\n  Cc: [1.0]\n")
    said = run("tune", "shop", "--space", space, "--workspace", trained.workspace)
    assert_refused(said, 2, "space.yaml line 2", "no setting 'Cc'", "did you mean 'C'")
    space.write_text("")
    said = run("tune", "shop", "--space", space, "--workspace", trained.workspace)
    assert_refused(said, 2, "space.yaml holds no settings", "`catboost: {depth: [4, 6, 8]}`")


def test_a_project_without_a_training_is_refused(shop: Shop) -> None:
    with write(open_workspace(shop.workspace)) as connection:
        ensure_project(connection, "empty")
    said = run("tune", "empty", "--workspace", shop.workspace)
    assert_refused(said, 2, "project 'empty' has no completed training yet", "train first")


def test_a_wrong_search_block_leaves_no_run_behind(shop: Shop, tmp_path: Path) -> None:
    for line, words in (
        ("trials: 0", "line 3"),
        ("families: [catbost]", "did you mean 'catboost'"),
        ("space: nowhere.yaml", "nowhere.yaml"),
        ("methd: random", "did you mean 'method'"),
        ("space: {linear: {alpha: [0.1]}}", "linear.alpha changes nothing here"),
        ("winner_of: 3", "there is no workspace yet"),
    ):
        config = tmp_path / "run.yaml"
        config.write_text(f"target: bought\nsearch:\n  {line}\n")
        said = run("train", shop.table, "--config", config, "--workspace", tmp_path / "fresh")
        assert_refused(said, 2, words)
        assert not (tmp_path / "fresh").exists()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="processes are killed by POSIX signals")
def test_a_killed_search_goes_on_and_nothing_is_counted_twice(shop: Shop, tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text("linear:\n  C: {low: 0.001, high: 10.0, log: true}\n")
    words = ("tune", "shop", "--workspace", shop.workspace, "--trials", "60", "--no-train")
    process = start(*words, "--method", "random", "--no-prune", "--space", space)
    query = "SELECT number, scores FROM search_trial WHERE state = 'completed' ORDER BY number"
    before: list[tuple[int, str]] = []
    while len(before) < 3:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
        before = rows_of(shop.workspace, query)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = rows_of(shop.workspace, query)
    assert len(before) < 60
    said = run("tune", "shop", "--workspace", shop.workspace, "--resume", "--no-train", "--json")
    assert said.code == 0, said.err
    after = rows_of(shop.workspace, query)
    assert [number for number, _ in after] == list(range(60))
    assert after[: len(before)] == before
    assert said.document["counts"] == {"completed": 60}


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is a POSIX signal")
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(shop: Shop, tmp_path: Path) -> None:
    space = tmp_path / "space.yaml"
    space.write_text("linear:\n  C: {low: 0.001, high: 10.0, log: true}\n")
    words = ("tune", "shop", "--workspace", shop.workspace, "--trials", "200", "--method", "random", "--space", space)
    process = start(*words)
    while len(rows_of(shop.workspace, "SELECT number, state FROM search_trial WHERE state = 'completed'")) < 2:
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    said = finish(process)
    assert said.code == 130 and "Traceback" not in said.err, said.err
    assert "finished trials stay" in said.out and "trainwright tune shop --search 1" in said.out
    assert rows_of(shop.workspace, "SELECT count(*), 0 FROM version") == [(2, 0)], "no training after Ctrl-C"
    assert rows_of(shop.workspace, "SELECT count(*), 0 FROM search_trial WHERE state = 'running'") == [(0, 0)]


def rows_of(workspace: Path, query: str) -> list[tuple[int, str]]:
    """What a query finds in the workspace's database; nothing while its tables are not there."""
    with contextlib.closing(sqlite3.connect(workspace / "trainwright.db", timeout=30)) as connection:
        return list(connection.execute(query).fetchall())
