"""Changed packages are refused before they are opened; packages from elsewhere are opened with care, and said to be."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from command_line import Shop, assert_refused, fingerprint, finish, rows, run, start, write_csv

from trainwright.packages.limits_posix import available


def _folder(shop: Shop) -> Path:
    """The folder of v1's package in a workspace that the test may change."""
    name = Path(shop.document["package"]["path"]).name
    return shop.workspace / "artifacts" / "package" / name


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1
    path.write_bytes(bytes(content))


def _readers(shop: Shop) -> list[tuple[str | Path, ...]]:
    return [
        ("predict", "shop@v1", shop.table, "-o", "out.csv"),
        ("evaluate", "shop@v1", shop.table),
        ("versions", "compare", "shop@v2", "shop@v1"),
    ]


def test_any_flipped_byte_is_named_by_every_command(shop: Shop, tmp_path: Path) -> None:
    folder = _folder(shop)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "manifest.json"]
    assert len(files) > 1
    for number, path in enumerate(files):
        whole = path.read_bytes()
        _flip(path, 7919 * (number + 1))
        before = fingerprint(shop.workspace)
        for words in _readers(shop) if number == 0 else _readers(shop)[:1]:
            said = run(*words, "--workspace", shop.workspace)
            name = path.relative_to(folder).as_posix()
            assert_refused(said, 2, name, "was changed", "expected SHA-256", "train again")
        assert not (tmp_path / "out.csv").exists() and fingerprint(shop.workspace) == before
        path.write_bytes(whole)
    assert run("predict", "shop@v1", shop.table, "-o", "out.csv", "--workspace", shop.workspace).code == 0


@pytest.mark.parametrize("how", ["one byte", "a class renamed with fitting hashes"])
def test_a_rewritten_manifest_is_refused(how: str, shop: Shop) -> None:
    path = _folder(shop) / "manifest.json"
    if how == "one byte":
        _flip(path, 100)
    else:
        manifest = json.loads(path.read_bytes())
        manifest["target"]["classes"] = ["never", "yes"]
        path.write_text(json.dumps(manifest), "utf-8")
    for words in _readers(shop):
        said = run(*words, "--workspace", shop.workspace)
        assert_refused(said, 2, "manifest.json was changed after training", "expected", "train again")


def test_a_removed_or_added_file_is_named(shop: Shop) -> None:
    folder = _folder(shop)
    (folder / "extra.py").write_text("print('hello')")
    assert_refused(run(*_readers(shop)[0], "--workspace", shop.workspace), 2, "'extra.py'", "manifest does not name")
    (folder / "extra.py").unlink()
    (folder / "layout.json").unlink()
    assert_refused(run(*_readers(shop)[0], "--workspace", shop.workspace), 2, "lacks the file 'layout.json'")
    shutil.rmtree(folder)
    assert_refused(run(*_readers(shop)[0], "--workspace", shop.workspace), 3, "is not there", "backup")


@pytest.mark.skipif(not available(), reason="this system cannot limit a process")
def test_a_package_from_elsewhere_predicts_the_same_and_says_where_it_is_from(shop: Shop, tmp_path: Path) -> None:
    shutil.copytree(_folder(shop), tmp_path / "theirs")
    new = write_csv(tmp_path / "new.csv", rows(30, seed=5))
    ours = run("predict", "shop@v1", new, "-o", "ours.csv", "--explain", "--workspace", shop.workspace)
    theirs = run("predict", "./theirs", new, "-o", "theirs.csv", "--explain")  # no workspace is needed
    assert (ours.code, theirs.code) == (0, 0), theirs.err
    assert (tmp_path / "ours.csv").read_bytes() == (tmp_path / "theirs.csv").read_bytes()
    assert "the package theirs is from elsewhere" in theirs.out and "is from elsewhere" not in ours.out
    document = run("predict", tmp_path / "theirs", new, "--json").document
    assert document["from_elsewhere"] is True and document["rows"] == 30
    assert "is from elsewhere" in document["notes"][0]
    assert not (tmp_path / ".trainwright").exists()


@pytest.mark.skipif(not available(), reason="this system cannot limit a process")
def test_a_package_from_elsewhere_that_names_foreign_code_is_refused(shop: Shop, tmp_path: Path) -> None:
    package = tmp_path / "theirs"
    shutil.copytree(_folder(shop), package)
    manifest = json.loads((package / "manifest.json").read_bytes())
    manifest["members"][0]["family"] = "os"
    (package / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert_refused(run("predict", "./theirs", shop.table), 2, "family 'os'", "expected one of")


@pytest.mark.skipif(not available(), reason="this system cannot limit a process")
def test_a_package_from_elsewhere_with_a_broken_member_ends_in_a_message(shop: Shop, tmp_path: Path) -> None:
    package = tmp_path / "theirs"
    shutil.copytree(_folder(shop), package)
    manifest = json.loads((package / "manifest.json").read_bytes())
    name = next(name for name in manifest["files"] if name.startswith("members/") and name.endswith(".json"))
    broken = b'{"kind": [1, 2'
    (package / name).write_bytes(broken)
    manifest["files"][name] = {"sha256": hashlib.sha256(broken).hexdigest(), "size": len(broken)}
    (package / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert_refused(finish(start("predict", package, shop.table, cwd=tmp_path)), 2, "model.json")


def test_a_folder_that_is_no_package(shop: Shop, tmp_path: Path) -> None:
    assert_refused(run("predict", "./none", shop.table), 2, "there is no package at none", "manifest.json")
    (tmp_path / "empty").mkdir()
    assert_refused(run("predict", "./empty", shop.table), 2, "holds no manifest.json")
    shutil.copytree(_folder(shop), tmp_path / "theirs")
    said = run("predict", "theirs", shop.table, "--workspace", shop.workspace)
    assert_refused(said, 2, "no project 'theirs'", "write ./theirs")


def test_files_that_do_not_fit_the_version(shop: Shop, tmp_path: Path) -> None:
    table = [{"age": row["age"], "colour": "red"} for row in rows(20)]
    new = write_csv(tmp_path / "new.csv", table)
    said = run("predict", "shop", new, "-o", "out.csv", "--workspace", shop.workspace)
    assert_refused(said, 2, "'job'", "'spent'")
    assert not (tmp_path / "out.csv").exists()
    unlabelled = write_csv(tmp_path / "unlabelled.csv", [row | {"bought": ""} for row in rows(20)])
    said = run("evaluate", "shop", unlabelled, "--workspace", shop.workspace)
    assert_refused(said, 2, "no row has a label that shop@v1 knows", "'bought'", "found no value")
    foreign = write_csv(tmp_path / "foreign.csv", [row | {"bought": "perhaps"} for row in rows(20)])
    assert_refused(run("evaluate", "shop", foreign, "--workspace", shop.workspace), 2, "'perhaps'", "'no', 'yes'")
    for row in table:
        row.update(job="pilot", spent="much")
    strange = run("predict", "shop", write_csv(new, table), "--workspace", shop.workspace, "--json")
    assert strange.code == 0 and strange.document["rows"] == 20
    notes = " ".join(strange.document["notes"])
    assert "'colour'" in notes and "'spent'" in notes  # the extra column, and values that are no numbers
