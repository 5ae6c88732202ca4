"""Nothing of a package is opened before every byte of it has been checked."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest
from package_maker import NUMBER, make

from trainwright.data.columns import Layout
from trainwright.errors import EnvironmentProblem, TrainwrightError, UserError
from trainwright.models.families import families
from trainwright.packages.manifest import NAME
from trainwright.packages.predictor import Predictor
from trainwright.packages.verify import check_package
from trainwright.packages.write import Member, write_package


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("packages") / "income"
    make(folder)
    return folder


@pytest.fixture
def package(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "income"))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_same_training_writes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    again = make(tmp_path / "other-name")
    assert again.sha == hashlib.sha256((made / NAME).read_bytes()).hexdigest()
    ours, theirs = _files(made), _files(tmp_path / "other-name")
    assert [p.relative_to(made) for p in ours] == [p.relative_to(tmp_path / "other-name") for p in theirs]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(ours, theirs))


def test_a_package_holds_no_row_name_and_no_pickle(made: Path) -> None:
    for path in _files(made):
        data = path.read_bytes()
        assert b"row-1" not in data
        assert not data.startswith(b"\x80") and path.suffix not in (".pkl", ".pickle", ".joblib")


def test_one_flipped_byte_in_any_file_is_found_and_named(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a family read a file before all were checked")

    monkeypatch.setattr("trainwright.packages.ensemble.Ensemble.__init__", never)
    expected = hashlib.sha256((package / NAME).read_bytes()).hexdigest()
    for path in _files(package):
        data = path.read_bytes()
        for at in {0, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
            with pytest.raises(UserError) as caught:
                Predictor.open(package, expected)
            assert path.relative_to(package).as_posix() in str(caught.value)
        path.write_bytes(data)
    check_package(package, expected)


def test_a_rewritten_manifest_is_found_and_the_expected_hash_named(package: Path) -> None:
    expected = hashlib.sha256((package / NAME).read_bytes()).hexdigest()
    data = json.loads((package / NAME).read_bytes())
    data["decision"]["threshold"] = 0.01
    (package / NAME).write_text(json.dumps(data), "utf-8")
    with pytest.raises(UserError, match=expected):
        Predictor.open(package, expected)


def test_what_does_not_belong_into_a_package_is_refused(package: Path) -> None:
    (package / "extra.py").write_text("boom")
    with pytest.raises(UserError, match=r"extra\.py"):
        check_package(package)
    (package / "extra.py").unlink()
    (package / "members" / "hollow").mkdir()
    with pytest.raises(UserError, match="members/hollow"):
        check_package(package)
    (package / "members" / "hollow").rmdir()
    layout = package / "layout.json"
    layout.rename(package.parent / "layout.json")
    with pytest.raises(UserError, match=r"lacks the file 'layout\.json'"):
        check_package(package)
    layout.symlink_to(package.parent / "layout.json")
    with pytest.raises(UserError, match=r"'layout\.json' in the package is a link"):
        check_package(package)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_does_not_hang_the_check(package: Path) -> None:
    (package / NAME).unlink()
    os.mkfifo(package / NAME)
    with pytest.raises(UserError, match=r"manifest\.json"):
        check_package(package)


def test_a_folder_that_links_out_of_the_package_is_refused(package: Path) -> None:
    members = package / "members"
    members.rename(package.parent / "members")
    members.symlink_to(package.parent / "members", target_is_directory=True)
    with pytest.raises(UserError, match="'members' in the package is a link"):
        check_package(package)


def test_absurd_sizes_are_refused_before_reading(package: Path) -> None:
    data = json.loads((package / NAME).read_bytes())
    data["files"]["layout.json"]["size"] = 10**15
    (package / NAME).write_text(json.dumps(data), "utf-8")
    with pytest.raises(UserError, match="at most"):
        check_package(package)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"numbers": ["age", "income"]}, "features"),
        ({"numbers": ["age", "age"]}, "features"),
        ({"vocabulary": [["b", "a"], ["x"]]}, "sorted"),
        ({"vocabulary": []}, "vocabulary"),
        ({"reference": {"age": [1]}}, "age"),
    ],
)
def test_a_layout_that_contradicts_the_schema_is_refused(package: Path, change: dict[str, object], named: str) -> None:
    """Somebody who can write files can also write their hashes; what is read must still make sense."""
    layout = {**json.loads((package / "layout.json").read_bytes()), **change}
    raw = json.dumps(layout).encode()
    (package / "layout.json").write_bytes(raw)
    data = json.loads((package / NAME).read_bytes())
    data["files"]["layout.json"] = {"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)}
    (package / NAME).write_text(json.dumps(data), "utf-8")
    with pytest.raises(UserError, match=named):
        check_package(package)


def test_a_folder_that_is_no_package_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no package"):
        check_package(tmp_path / "nowhere")
    with pytest.raises(UserError, match=r"holds no manifest\.json"):
        check_package(tmp_path)


def test_writing_needs_members_and_an_empty_folder(tmp_path: Path) -> None:
    layout = Layout((), (), (), (), ())
    member = Member("x", "baseline", None, 0.0, families()["baseline"].load()(NUMBER))
    from trainwright.data.schema import Schema

    arguments = {"target": NUMBER, "schema": Schema(()), "layout": layout}
    with pytest.raises(TrainwrightError, match="at least one member"):
        write_package(tmp_path, members=[member], **arguments)
    with pytest.raises(EnvironmentProblem):
        make(tmp_path / "file" / "x") if (tmp_path / "file").write_text("") else write_package(
            tmp_path / "absent",
            members=[Member("x", "baseline", None, 1.0, member.estimator)],
            **arguments,
        )
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "old").write_text("")
    with pytest.raises(UserError, match="empty folder"):
        make(tmp_path / "used")
