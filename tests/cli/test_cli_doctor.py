"""`trainwright doctor`: what is broken is told with what to do, and nothing is changed by looking."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from command_line import fingerprint, run

from trainwright.cli.health import libraries, machine
from trainwright.cli.health.gpu import Hardware, hardware, judge
from trainwright.cli.health.workspace import workspace
from trainwright.store.revision import HEAD
from trainwright.store.workspace import open_workspace

SAID: dict[str, Any] = {"torch": "2.13.0", "cuda": "13.0", "hip": None, "devices": [], "mps": False, "said": []}
NVIDIA = Hardware(("NVIDIA",), "NVRM version: NVIDIA 580.1")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The core's libraries and torch are imported by one test alone."""
    monkeypatch.setattr(libraries, "NATIVE", ("json",))
    monkeypatch.setattr("trainwright.cli.health.gpu.find_spec", lambda _: None)


def state(lines: list[dict[str, str]], name: str) -> str:
    """The state of the line with this name."""
    return next(line["state"] for line in lines if line["name"] == name)


def test_a_machine_that_is_well_ends_with_0_and_nothing_is_made(tmp_path: Path) -> None:
    said = run("doctor", "--json")
    assert said.code == 0 and said.document["problems"] == 0
    lines = said.document["checks"]
    names = [line["name"] for line in lines]
    assert {"python", "cores", "memory", "disk", "workspace", "core libraries", "gpu"} <= set(names)
    assert all(line["remedy"] for line in lines if line["state"] != "ok")
    assert list(tmp_path.iterdir()) == []
    screen = run("doctor").out
    assert "Everything that a training needs is here." in screen and "PROBLEM" not in screen


def test_what_is_needed_and_broken_ends_with_3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    said = run("doctor", "--workspace", tmp_path / "file", "--json")
    assert said.code == 3 and said.document["problems"] == 1
    assert state(said.document["checks"], "workspace") == "problem"
    monkeypatch.setattr(libraries, "NATIVE", ("json", "no_such_library"))
    said = run("doctor")
    assert said.code == 3 and "PROBLEM  core libraries" in said.out
    assert "no_such_library cannot be imported" in said.out and "--force-reinstall" in said.out


def test_the_workspace_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    open_workspace(tmp_path / "w").engine.dispose()
    before = fingerprint(tmp_path / "w")
    lines = workspace(str(tmp_path / "w"))
    assert [line.state for line in lines] == ["ok", "ok"]
    assert f"revision {HEAD}, 0 projects, 0 runs, 0 versions" in lines[0].found
    assert fingerprint(tmp_path / "w") == before


@pytest.mark.parametrize(
    ("revision", "expected", "words"),
    [("0001", "note", "the next command brings them"), ("9999", "problem", "pip install --upgrade trainwright")],
)
def test_tables_of_another_release(tmp_path: Path, revision: str, expected: str, words: str) -> None:
    space = open_workspace(tmp_path / "w")
    space.engine.dispose()
    connection = sqlite3.connect(space.path / "trainwright.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()
    line = workspace(str(space.path))[0]
    assert (line.state, words in line.remedy) == (expected, True)
    connection = sqlite3.connect(space.path / "trainwright.db")
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (revision,)
    connection.close()


def test_a_database_that_is_none_or_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "trainwright.db").write_bytes(b"this is no database at all, but longer than its header" * 30)
    assert "is not a database" in workspace(str(tmp_path))[0].found
    (tmp_path / "trainwright.db").unlink()
    connection = sqlite3.connect(tmp_path / "trainwright.db")
    connection.execute("CREATE TABLE songs (name)")
    connection.close()
    line = workspace(str(tmp_path))[0]
    assert line.state == "problem" and "of something else" in line.found


def test_a_workspace_on_postgresql_is_told(postgres: Any, tmp_path: Path) -> None:
    address = postgres.fresh(tmp_path / "artifacts")
    (fresh,) = workspace(address)
    assert fresh.state == "ok" and "none yet" in fresh.found and not (tmp_path / "artifacts").exists()
    open_workspace(address).engine.dispose()
    tables, writable = workspace(address)
    assert (tables.state, writable.state) == ("ok", "ok") and "0 projects, 0 runs" in tables.found
    assert workspace(str(tmp_path / "artifacts"))[0] == tables  # its folder names it as well
    (gone,) = workspace(f"postgresql://ann:secret@127.0.0.1:1/models?artifacts={tmp_path}/other")
    assert gone.state == "problem" and gone.remedy and "secret" not in gone.found + gone.remedy


GPUS = {
    "no torch, no GPU": (None, Hardware(), "ok", "none"),
    "no torch": (None, NVIDIA, "note", "torch is not installed"),
    "no GPU": (SAID, Hardware(), "note", "none in this machine"),
    "a build for processors": (SAID | {"cuda": None}, NVIDIA, "note", "a build for processors"),
    "no driver": (SAID, Hardware(("NVIDIA",)), "note", "driver is not loaded"),
    "an old driver": (SAID | {"said": ["The NVIDIA driver is too old"]}, NVIDIA, "note", "is too old"),
    "hidden": (SAID, Hardware(("NVIDIA",), "x", ""), "note", "CUDA_VISIBLE_DEVICES"),
    "another maker's": (SAID, Hardware(("AMD",)), "note", "another maker"),
    "broken": ({"error": "ImportError: libtorch.so"}, Hardware(), "problem", "libtorch.so"),
    "there": (SAID | {"devices": [{"name": "H100", "gb": 85.0}]}, NVIDIA, "ok", "H100 with 85 GB"),
}


@pytest.mark.parametrize("case", GPUS)
def test_why_no_gpu_is_seen_is_told(case: str) -> None:
    torch, seen, expected, words = GPUS[case]
    line = judge(torch, seen)
    assert line.state == expected and words in line.found
    assert bool(line.remedy) == (expected != "ok")


def test_the_hardware_is_read_from_the_system(tmp_path: Path) -> None:
    for name, vendor, kind in (("a", "0x10de", "0x030200"), ("b", "0x10de", "0x040300"), ("c", "0x8086", "0x030000")):
        folder = tmp_path / "sys/bus/pci/devices" / name
        folder.mkdir(parents=True)
        (folder / "vendor").write_text(f"{vendor}\n")
        (folder / "class").write_text(f"{kind}\n")
    assert hardware(tmp_path, {}) == Hardware(("NVIDIA",))  # its sound device and another maker's screen do not count
    assert hardware(tmp_path, {"CUDA_VISIBLE_DEVICES": "-1"}).hidden == "-1"
    assert hardware(tmp_path, {"CUDA_VISIBLE_DEVICES": "0"}).hidden is None


def test_little_memory_and_few_cores_of_a_container(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "proc/meminfo").write_text("MemTotal: 900000 kB\nMemAvailable: 100000 kB\n")
    (tmp_path / "sys/fs/cgroup/cpu.max").write_text("50000 100000\n")
    assert machine.memory(tmp_path).state == "problem"
    assert "the time of 0.5" in machine.cores(tmp_path).found


def test_a_module_that_crashes_its_process_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crashes.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert libraries.cannot_import(["json", "crashes", "csv"]) == {"crashes": "the process ended with -4"}


def test_a_library_out_of_its_range_is_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = libraries.installed
    monkeypatch.setattr(libraries, "installed", lambda name: "0.1" if name == "polars" else real(name))
    line = libraries.core()
    assert line.state == "problem" and "polars is 0.1" in line.found
    assert line.remedy.startswith('pip install "polars')


def test_the_doctor_imports_no_learning_library_itself() -> None:
    code = (
        "import sys, trainwright.cli.doctor as d; d.examine.__module__;"
        "from trainwright.cli.health import gpu, libraries, machine, workspace;"
        "print([m for m in ('torch', 'numpy', 'sklearn', 'lightgbm') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_extra_of_the_project_is_told_with_what_it_brings() -> None:
    lines = {line.name: line for line in map(libraries.extra_line, libraries.extras())}
    assert {"extra neural", "extra tune", "extra onnx"} <= set(lines) and "extra test" not in lines
    assert set(libraries.extras()) <= set(libraries.WHAT_FOR)
    neural = lines["extra neural"]
    assert neural.state == "ok" or 'pip install "trainwright[neural]"' in neural.remedy


@pytest.mark.parametrize("editable", [True, False])
def test_an_editable_installation_is_asked_for_its_source(
    editable: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What pip wrote down when it was installed lacks what the source has asked for since."""
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["numpy", "newer>=1"]\n', "utf-8")

    class Installed:
        requires = ["numpy", "old; extra == 'tune'"]
        metadata = Message()

        def read_text(self, name: str) -> str:
            return json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": editable}})

    monkeypatch.setattr(libraries.metadata, "distribution", lambda name: Installed())
    assert [one.name for one in libraries.requirements()] == (["numpy", "newer"] if editable else ["numpy"])
    assert libraries.extras() == ([] if editable else ["tune"])
