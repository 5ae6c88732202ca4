"""Packages from elsewhere: opened in a limited child process, and only families of this release."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from package_maker import THREE, make, table

from trainwright.errors import UserError
from trainwright.packages import elsewhere, sandbox
from trainwright.packages.elsewhere import RemoteEnsemble
from trainwright.packages.limits_posix import Limits, available
from trainwright.packages.manifest import NAME
from trainwright.packages.predictor import Predictor
from trainwright.packages.sandbox import ALLOWED
from trainwright.packages.verify import check_package

pytestmark = pytest.mark.skipif(not available(), reason="this system cannot limit a process")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    make(folder, THREE, ("baseline", "lightgbm", "decision_tree"))
    return folder


def _rewrite(folder: Path, name: str, data: bytes) -> None:
    """Replaces a file as somebody would who can also write the hashes."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / NAME).read_bytes())
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (folder / NAME).write_text(json.dumps(manifest), "utf-8")


def test_it_predicts_and_explains_what_a_trusted_package_does(tmp_path: Path) -> None:
    make(tmp_path, THREE, ("baseline", "linear", "decision_tree"))  # quick to start: NumPy alone
    ours, theirs = Predictor.open(tmp_path), Predictor.open(tmp_path, trusted=False)
    assert np.array_equal(ours.predict_proba(table()), theirs.predict_proba(table()))
    row = table().row(0, named=True)
    assert ours.predict_row(row) == theirs.predict_row(row)
    assert ours.explain(table().head(3)) == theirs.explain(table().head(3))


def test_no_learning_library_is_loaded_outside_the_child(made: Path) -> None:
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from trainwright.packages.predictor import Predictor
        Predictor.open(Path(sys.argv[1]), trusted=False)
        assert "lightgbm" not in sys.modules and "sklearn" not in sys.modules
        """
    )
    subprocess.run([sys.executable, "-c", program, str(made)], check=True)


def test_a_family_that_is_not_on_the_list_is_refused(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    subprocess.run(["cp", "-r", str(made), str(folder)], check=True)
    manifest = json.loads((folder / NAME).read_bytes())
    manifest["members"][0]["family"] = "os"
    (folder / NAME).write_text(json.dumps(manifest), "utf-8")
    with pytest.raises(UserError, match="family 'os', expected one of"):
        Predictor.open(folder, trusted=False)
    with pytest.raises(UserError, match="family 'os', expected one of"):
        Predictor.open(folder)


def test_the_list_is_written_out_by_hand(made: Path) -> None:
    """A family becomes one that strangers' packages may name only when somebody has looked at what its files can do."""
    from trainwright.models.families import families
    from trainwright.packages.ensemble import Ensemble

    source = Path(sandbox.__file__).read_text("utf-8")
    assert "families import" not in source and all(f'"{name}"' in source for name in ALLOWED)
    assert set(families()) == ALLOWED, "look at what the new family reads, then name it in packages/sandbox.py"
    checked = check_package(made, None)
    with pytest.raises(UserError, match="family 'lightgbm', expected one of"):
        Ensemble(checked, ALLOWED - {"lightgbm"})


def test_a_damaged_model_file_ends_in_a_message(made: Path, tmp_path: Path) -> None:
    """A package whose hashes are right but whose booster is not: whatever the library does, we go on."""
    folder = tmp_path / "package"
    subprocess.run(["cp", "-r", str(made), str(folder)], check=True)
    model = max((folder / "members" / "01-lightgbm").iterdir(), key=lambda path: path.stat().st_size)
    data = model.read_bytes()
    _rewrite(folder, model.relative_to(folder).as_posix(), data[: len(data) // 2])
    with pytest.raises(UserError, match="package"):
        Predictor.open(folder, trusted=False).predict_proba(table())


def test_a_child_that_is_killed_or_too_slow_is_named(made: Path) -> None:
    checked = check_package(made)
    with pytest.raises(UserError, match=r"SIG|memory|could not be opened"):
        RemoteEnsemble(checked, Limits(memory_bytes=150 * 1024**2))
    with pytest.raises(UserError, match="did not finish within"):
        RemoteEnsemble(checked, seconds=0.05)


def _in_child(tmp_path: Path, body: str) -> subprocess.CompletedProcess[str]:
    """Runs lines of Python under the limits and the guard, as the child does."""
    program = "from trainwright.packages import limits_posix as l\n"
    program += "l.apply(l.Limits(cpu_seconds=2, memory_bytes=512 * 1024**2, file_bytes=100_000))\n"
    program += f"l.guard({str(tmp_path)!r})\n" + textwrap.dedent(body)
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 9))", "socket"),
        ("import subprocess; subprocess.run(['true'])", "subprocess"),
        ("import os; os.system('true')", "os.system"),
        ("import os; os.fork()", "os.fork"),
        ("open('/tmp/trainwright-outside', 'w')", "writing /tmp/trainwright-outside"),
        ("open('../outside', 'a')", "outside is not allowed"),
        ("import os; os.open('/tmp/trainwright-outside', os.O_CREAT | os.O_WRONLY)", "not allowed"),
        ("import os; os.remove('/etc/hostname')", "os.remove"),
        ("import pickle; pickle.loads(b'cos\\nsystem\\n(S\"true\"\\ntR.')", "pickle.find_class"),
        ("bytearray(10**9)", "MemoryError"),
    ],
)
def test_what_the_child_may_not_do(tmp_path: Path, body: str, said: str) -> None:
    done = _in_child(tmp_path, body)
    assert done.returncode != 0 and said in done.stderr


def test_the_child_is_stopped_by_limits_on_time_and_file_size(tmp_path: Path) -> None:
    assert _in_child(tmp_path, "while True: pass").returncode < 0
    done = _in_child(tmp_path, "open('large', 'wb').write(b'x' * 10**6)")
    assert done.returncode != 0 and (tmp_path / "large").stat().st_size <= 100_000
    assert _in_child(tmp_path, "open('small', 'wb').write(b'x'); print('fine')").stdout == "fine\n"


@pytest.mark.skipif(sys.platform != "linux", reason="networks of their own are a thing of Linux")
def test_the_child_has_a_network_without_devices_where_the_kernel_allows_it(tmp_path: Path) -> None:
    done = _in_child(tmp_path, "print(open('/proc/net/dev').read())")
    allowed = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode == 0
    if not allowed:
        pytest.skip("this kernel lets nobody have a network of its own")
    assert [line.split(":")[0].strip() for line in done.stdout.splitlines()[2:] if line.strip()] == ["lo"]


def test_the_child_gets_no_secrets_from_the_environment(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str] = {}

    def spy(command: list[str], *, env: dict[str, str], **_: object) -> object:
        seen.update(env)
        return subprocess.CompletedProcess(command, -9)

    monkeypatch.setattr(elsewhere.subprocess, "run", spy)
    monkeypatch.setitem(os.environ, "AWS_SECRET_ACCESS_KEY", "x")
    with pytest.raises(UserError, match="SIGKILL"):
        RemoteEnsemble(check_package(made))
    assert "PATH" in seen and "AWS_SECRET_ACCESS_KEY" not in seen


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        ("[" * 10_000, None),
        ("{}", np.zeros((3, 2))),
        ("{}", np.zeros((3, 3), dtype=np.float32)),
        ("{}", np.full((3, 3), np.nan)),
        ("{}", None),
        ("{}", np.zeros((9, 1, 1))),
    ],
    ids=["deep", "shape", "type", "nan", "absent", "shape of equal size"],
)
def test_what_the_child_answers_is_not_believed(
    made: Path, monkeypatch: pytest.MonkeyPatch, answer: str, result: np.ndarray | None
) -> None:
    def pretend(_: RemoteEnsemble, folder: Path) -> None:
        (folder / "answer.json").write_text(answer)
        if result is not None:
            np.save(folder / "result.npy", result)

    monkeypatch.setattr(RemoteEnsemble, "_start", pretend)
    checked = check_package(made)
    columns = checked.layout.encode(table().head(3))
    with pytest.raises(UserError, match="the package from elsewhere gave"):
        RemoteEnsemble(checked).predict(columns)
