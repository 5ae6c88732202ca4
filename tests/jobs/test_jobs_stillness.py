"""A body that hangs is ended and its run tried again; one that works, or waits for its turn, is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from run_story import wait_for
from work_story import PACE, SEARCHED, at_work, queued, run_of

from trainwright.jobs import lost
from trainwright.jobs.processor_time import UNCOUNTED, used_by
from trainwright.jobs.stillness import Stillness, longest
from trainwright.store.attempts import attempts_of
from trainwright.store.runs import save_document
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace, open_workspace

linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system tells processor time in /proc")


def first_word(body: Stillness, looks: Sequence[tuple[float, object, float | None]]) -> int | None:
    """The first look after which the body must be ended."""
    words = [body.look(*look) for look in looks]
    return next((number for number, word in enumerate(words) if word), None)


def test_only_a_body_without_reports_and_without_processor_time_stands_still() -> None:
    often = [3.0 * n for n in range(100)]
    assert first_word(Stillness(60.0), [(at, 1, 5.0) for at in often]) == 20
    assert first_word(Stillness(60.0), [(at, at, 5.0) for at in often]) is None, "it reports"
    assert first_word(Stillness(60.0), [(at, 1, at / 200) for at in often]) is None, "it is starved, and works"
    assert first_word(Stillness(60.0), [(at, 1, None) for at in often]) is None, "the system tells nothing"
    assert first_word(Stillness(60.0), [(at, 1, 9.0 - at % 2) for at in often]) is None, "a process of it ended"
    assert first_word(Stillness(60.0), [(at, 1 if at < 45 else 2, 5.0) for at in often]) == 35, "it begins anew"


def test_a_machine_that_slept_ends_nothing() -> None:
    assert first_word(Stillness(60.0), [(0.0, 1, 5.0), (3.0, 1, 5.0), (9000.0, 1, 5.0), (9003.0, 1, 5.0)]) is None
    worked = [(4000.0 * n, n, float(n)) for n in range(9)]
    assert first_word(Stillness(60.0, limit=100.0), worked) is None


def test_a_body_far_beyond_its_time_is_ended_whatever_it_does() -> None:
    looks = [(3.0 * n, n, float(n)) for n in range(100)]
    body = Stillness(60.0, limit=100.0)
    assert first_word(body, looks) == 34
    assert body.look(300.0, 100, 100.0) == "it still worked 1m40s after it began, far beyond its time limit"


def test_the_longest_time_follows_from_the_time_limit(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "w")
    run_id = queued(workspace)
    run = run_of(workspace, run_id)
    assert longest(run) == 3 * 120 + 3600
    assert longest(replace(run, settings={"training": {"time_limit": "1h"}})) == 4 * 3600
    assert longest(replace(run, settings={"training": {"time_limit": "1h"}, "search": {"time_limit": "1h"}})) == 25200
    assert longest(replace(run, settings={"unheard": "of"})) is None
    with write(workspace) as connection:
        save_document(connection, run_id, 1, "record", {"repeats": 7})
    assert longest(run_of(workspace, run_id)) is None, "a repetition obeys counts, not the clock"


BURNS = """
import subprocess, sys, threading, time
from trainwright.jobs.processor_time import leave_out
def burn():
    if sys.argv[1] == "left out":
        leave_out()
    while True:
        sum(range(1000))
if sys.argv[1] == "elsewhere":
    child = subprocess.Popen([sys.executable, "-c", "while True: sum(range(1000))"], start_new_session=True)
elif sys.argv[1] != "nowhere":
    threading.Thread(target=burn, daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
if sys.argv[1] == "elsewhere":
    child.kill()
"""


@linux
@pytest.mark.parametrize("where", ["a thread", "elsewhere", "left out", "nowhere"])
def test_the_processor_time_of_a_body_is_that_of_all_it_started(where: str) -> None:
    command = [sys.executable, "-c", BURNS, where]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True) as body:
        assert body.stdout is not None and body.stdout.readline() == b"ready\n"
        if where == "left out":
            threads = Path(f"/proc/{body.pid}/task")
            wait_for(lambda: UNCOUNTED in {(one / "comm").read_text().strip() for one in threads.iterdir()}, "its name")
        before = used_by(body.pid)
        assert before is not None
        if where in ("a thread", "elsewhere"):
            wait_for(lambda: (used_by(body.pid) or 0.0) > before + 0.3, "processor time")
        else:
            time.sleep(1.5)
            assert (used_by(body.pid) or 0.0) <= before + 0.1
        assert body.stdin is not None
        body.stdin.close()
    assert used_by(body.pid) is None


@pytest.fixture
def workspace(workspace_place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setenv("PYTHONPATH", SEARCHED)
    monkeypatch.setenv("EFFECT_MARKER", str(tmp_path / "reached"))
    monkeypatch.setenv("EFFECT_HOLDS", "1")
    monkeypatch.setattr(lost, "BACKOFF", (0.0, 0.0, 0.0))
    space = open_workspace(workspace_place)
    yield space
    space.engine.dispose()


@linux
def test_a_body_that_was_stopped_alone_is_ended_and_its_run_tried_again(workspace: Workspace, tmp_path: Path) -> None:
    run_id = queued(workspace)
    with at_work(workspace, pace=replace(PACE, still=4.0)):
        wait_for((tmp_path / "reached").exists, "the body's moment")
        os.kill(int((tmp_path / "reached").read_text(encoding="utf-8")), signal.SIGSTOP)
        wait_for(lambda: run_of(workspace, run_id).state == "completed", "the end of a later attempt")
    with read(workspace) as connection:
        attempts = attempts_of(connection, run_id)
    assert attempts[0].outcome == "lost" and attempts[-1].outcome == "completed"
    details = attempts[0].details or {}
    assert details["cause"] == "stuck"
    assert details["message"].startswith("it stood still for 4s: nothing was reported")
