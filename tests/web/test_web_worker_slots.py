"""The workers beside a server get the slots that its command says, and no two of them one device."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest

from trainwright.errors import UserError
from trainwright.jobs.slots import parse_slots
from trainwright.web import workers


def test_slots_reach_each_worker_and_devices_are_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[list[str], dict[str, str] | None]] = []

    def begin(command: list[str], *, env: dict[str, str] | None, **_: Any) -> None:
        begun.append((command, env))

    monkeypatch.setattr(subprocess, "Popen", begin)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,3,6,7")
    for start in workers.worker_starts("ws", 2, slots=parse_slots("cpu=2,gpu=2,memory=1GB")):
        start()
    for start in workers.worker_starts("ws", 1):
        start()
    assert [command[-1] for command, _ in begun] == ["cpu=2,gpu=2,memory=1024MB"] * 2 + ["cpu=1"]
    devices = [None if env is None else env["CUDA_VISIBLE_DEVICES"] for _, env in begun]
    assert devices == ["2,3", "6,7", None]
    assert (begun[0][1] or {})["PATH"] == os.environ["PATH"]
    with pytest.raises(UserError, match="6 gpu slots are more than the devices"):
        workers.worker_starts("ws", 3, slots=parse_slots("gpu=2"))
