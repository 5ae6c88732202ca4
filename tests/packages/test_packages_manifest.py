"""The manifest: the same content gives the same bytes, and a wrong key is named."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package_maker import SCHEMA, TWO

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.packages import needs, plain_json, upgrade
from trainwright.packages.manifest import FileEntry, Manifest, MemberEntry, check_path

MANIFEST = Manifest(
    writer="0.1.0",
    target=TWO,
    schema=SCHEMA,
    members=(MemberEntry("linear", "linear", 0, 0.25, "members/00-linear"),),
    calibration={"kind": "identity"},
    threshold=0.31,
    data_version="d" * 64,
    split={"kind": "random", "folds": 5},
    seed=7,
    metrics={"roc_auc": {"value": 0.9, "low": float("nan"), "high": 0.95, "n_rows": 60}},
    required={"numpy": ">=2.0,<3"},
    files={"layout.json": FileEntry("0" * 64, 12)},
)


def test_a_manifest_comes_back_as_it_was_written() -> None:
    again = Manifest.from_json(plain_json.from_bytes(MANIFEST.to_bytes(), "manifest.json"))
    assert again.to_bytes() == MANIFEST.to_bytes()
    assert again.target == TWO and again.schema == SCHEMA and again.members == MANIFEST.members
    assert again.metrics["roc_auc"]["low"] is None  # NaN has no spelling in JSON
    assert MANIFEST.sha == hashlib.sha256(MANIFEST.to_bytes()).hexdigest()


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=6), st.randoms())
def test_bytes_do_not_depend_on_the_order_of_keys(value: dict[str, Any], random: Any) -> None:
    names = list(value)
    random.shuffle(names)
    assert plain_json.to_bytes({name: value[name] for name in names}) == plain_json.to_bytes(value)


@given(PLAIN)
def test_plain_data_survives(value: Any) -> None:
    assert plain_json.from_bytes(plain_json.to_bytes(value), "x.json") == value


@pytest.mark.parametrize(
    "text",
    [b'{"a": 1, "a": 2}', b'{"a": NaN}', b"[" * 100_000, b"\xff\xfe", b"{"],
    ids=["twice", "nan", "deep", "encoding", "cut"],
)
def test_json_that_no_package_holds_is_refused(text: bytes) -> None:
    with pytest.raises(UserError, match=r"x\.json"):
        plain_json.from_bytes(text, "x.json")


def _with(path: str, value: Any) -> dict[str, Any]:
    """The manifest's data with one value replaced; the path's parts are separated by dots."""
    data: Any = json.loads(MANIFEST.to_bytes())
    top = copy.deepcopy(data)
    at = top
    *parts, last = path.split(".")
    for part in parts:
        at = at[int(part)] if part.isdigit() else at[part]
    at[last] = value
    return top


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("seed", "7", "'seed'"),
        ("task", "number", "'task'"),
        ("writer", "1.0; rm -rf", "'writer'"),
        ("members", [], "'members'"),
        ("members.0.weight", -1, "'weight'"),
        ("members.0.weight", 0, "weights"),
        ("members.0.folder", "elsewhere/x", "'folder'"),
        ("members.0.folder", "members/../../x", "members/../../x"),
        ("members.0.fold", 1.5, "'fold'"),
        ("decision", {"threshold": 2}, "'threshold'"),
        ("target.positive", "maybe", "'positive'"),
        ("target.classes", ["one"], "'classes'"),
        ("target.classes", ["<=50K", "<=50K"], "'classes'"),
        ("schema", [{"name": "a"}], "'schema'"),
        ("files", {"layout.json": {"sha256": "zz", "size": 1}}, "'sha256'"),
        ("files", {"../../etc/passwd": {"sha256": "0" * 64, "size": 1}}, "etc/passwd"),
        ("files", {"a": {"sha256": "0" * 64, "size": 1}, "A": {"sha256": "0" * 64, "size": 1}}, "capital"),
        ("required", {"numpy": 2}, "'required'"),
    ],
)
def test_a_wrong_key_is_named(path: str, value: Any, named: str) -> None:
    with pytest.raises(UserError) as caught:
        Manifest.from_json(_with(path, value))
    assert named in str(caught.value)


@pytest.mark.parametrize("key", sorted(json.loads(MANIFEST.to_bytes())))
def test_every_key_is_needed(key: str, tmp_path: Any) -> None:
    data = json.loads(MANIFEST.to_bytes())
    del data[key]
    with pytest.raises(UserError, match=key):
        Manifest.from_json(upgrade.current(data, tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "a/../b",
        "a//b",
        "a\\b",
        "C:/x",
        "c:x",
        ".hidden",
        "a/.",
        "nul",
        "a/con.json",
        "x.",
        "a b",
    ]
    + ["manifest.json", "/".join("abcdefghij"), "x" * 101, "a\n", "é"],
)
def test_only_plain_relative_paths_are_accepted(name: str) -> None:
    with pytest.raises(UserError, match="plain relative path"):
        check_path(name)


def test_a_package_of_a_newer_release_says_what_to_install(tmp_path: Any) -> None:
    with pytest.raises(EnvironmentProblem, match=r"pip install 'trainwright>=3\.2'"):
        upgrade.current({"format": 2, "writer": "3.2"}, tmp_path)
    with pytest.raises(EnvironmentProblem) as caught:
        upgrade.current({"format": 99, "writer": "'; rm -rf /"}, tmp_path)
    assert "rm -rf" not in str(caught.value)


def test_needed_libraries_follow_the_families() -> None:
    assert set(needs.required(["linear", "forest"])) == {"numpy", "polars"}
    assert "lightgbm" in needs.required(["linear", "lightgbm"])
    with pytest.raises(EnvironmentProblem, match=r"pip install 'not-there>=1'"):
        needs.check({"not-there": ">=1"})
    with pytest.raises(EnvironmentProblem, match=r"numpy >=99\.0"):
        needs.check({"numpy": ">=99.0"})
    needs.check({"numpy": ">=1.0,<2"})  # newer than the range is tried
