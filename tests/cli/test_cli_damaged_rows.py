"""A decision or a plan that somebody changed by hand in the database is named, and what still works goes on working."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from command_line import Shop, assert_refused, run


def by_hand(shop: Shop, sql: str, *values: Any) -> None:
    """Changes the workspace's database as somebody with a database browser would."""
    with contextlib.closing(sqlite3.connect(shop.workspace / "trainwright.db")) as connection, connection:
        connection.execute(sql, values)


def stored(shop: Shop, sql: str) -> Any:
    with contextlib.closing(sqlite3.connect(shop.workspace / "trainwright.db")) as connection:
        return connection.execute(sql).fetchone()[0]


@pytest.mark.parametrize("damage", ["no JSON", "no policy", "a list"])
def test_a_damaged_decision_is_named_and_made_again(shop: Shop, damage: str) -> None:
    where = ("--workspace", shop.workspace)
    for goal in (("--capacity", "20%"), ("--beta", "2", "--use")):
        assert run("decide", "shop@v1", *goal, *where).code == 0
    document = json.loads(stored(shop, "select document from decision where number = 2"))
    del document["policy"]
    text = {"no JSON": '{"goal": ', "no policy": json.dumps(document), "a list": "[1, 2]"}[damage]
    by_hand(shop, "update decision set document = ? where number = 2", text)
    named = ("decision d2 of shop@v1 is damaged (row 2 of the table `decision`)", "trainwright decide shop@v1")
    for words in (
        ("predict", "shop", shop.table),
        ("evaluate", "shop", shop.table),
        ("decide", "shop", "--show", "d2"),
        ("decide", "shop", "--use", "d2"),
        ("versions", "activate", "shop@v1", "--decision", "d2"),
    ):
        assert_refused(run(*words, *where), 3, *named, "--decision none")
    listed = run("decide", "shop", "--list", *where)
    assert listed.code == 0 and "damaged" in listed.out and "flag as" in listed.out
    assert "damaged" in run("versions", "show", "shop@v1", *where).out
    assert run("decide", "shop", "--show", "d1", *where).code == 0
    assert run("predict", "shop", shop.table, "--decision", "none", "--json", *where).document["decision"] is None
    again = run("decide", "shop", "--beta", "2", "--use", "--json", *where)
    assert again.code == 0, again.err
    assert again.document["label"] == "d3"
    assert run("predict", "shop", shop.table, "--json", *where).document["decision"] == "d3"
    assert "Decision d3, in force" in Path(again.document["report"]).read_text(encoding="utf-8")


def test_a_damaged_plan_is_named_by_its_row(shop: Shop) -> None:
    where = ("--workspace", shop.workspace)
    plan = json.loads(stored(shop, "select plan from run where id = 1"))
    del plan["threads"]
    by_hand(shop, "update run set plan = ? where id = 1", json.dumps(plan))
    for words in (("decide", "shop@v1", "--beta", "2"), ("runs", "compare", "shop@v1", "v2"), ("runs", "repeat", "1")):
        said = run(*words, *where)
        assert_refused(
            said, 3, "the plan of run 1 is damaged (column `plan` of row 1 in table `run`)", "'threads' is missing"
        )
    assert run("predict", "shop", shop.table, "-o", shop.workspace / "out.csv", *where).code == 0
    by_hand(shop, "update run set plan = 'no' where id = 1")
    for words in (("decide", "shop@v1", "--beta", "2"), ("runs", "list"), ("report", "shop@v1")):
        assert_refused(run(*words, *where), 3, "`plan` of row 1 in table `run` holds no JSON", "restore")
    assert run("decide", "shop@v2", "--beta", "2", *where).code == 0
