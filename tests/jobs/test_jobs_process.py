"""Children and the pipes to them."""

from __future__ import annotations

import os

from trainwright.jobs.process import close_pipes, kill_group, spawn, tell


def test_words_that_a_dead_child_did_not_read_are_no_error_when_its_pipes_are_closed() -> None:
    child = spawn("trainwright.store.nothing_of_that_name")
    kill_group(child)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    tell(child, "cancel")
    child.wait()
    close_pipes(child)
    assert child.stdin is not None and child.stdin.closed
