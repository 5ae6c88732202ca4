"""A child of the server: `python -m trainwright.web.helpers.child WORKSPACE` answers one JSON line with another.

It ends when the server does.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from importlib import import_module
from queue import SimpleQueue
from typing import Any

from trainwright.errors import TrainwrightError
from trainwright.jobs.process import watch_parent
from trainwright.store.jsons import dumps
from trainwright.store.workspace import Workspace, open_workspace
from trainwright.web.helpers.pool import KINDS
from trainwright.web.helpers.tasks import TASKS


def main(place: str) -> None:
    """Answers requests until the server is gone."""
    requests: SimpleQueue[str] = SimpleQueue()
    # What a library prints must not stand between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    watch_parent(requests.put)
    workspace = open_workspace(place, create=False)
    while True:
        request = json.loads(requests.get())
        answers.write(dumps(answer(workspace, request["task"], request["arguments"])).encode() + b"\n")
        answers.flush()


def answer(workspace: Workspace, task: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """What a task returns, or what went wrong with it."""
    try:
        module, _, name = TASKS[task].partition(":")
        return {"answer": getattr(import_module(module), name)(workspace, **arguments)}
    except MemoryError:
        return _error("environment", "memory ran out", "give fewer rows")
    except TrainwrightError as error:
        kind = next((name for name, kind in KINDS.items() if isinstance(error, kind)), "ours")
        return _error(kind, error.problem, error.remedy)
    except Exception as error:  # noqa: BLE001 - the child goes on; the server's log has the details
        sys.stderr.write(traceback.format_exc())
        return _error("ours", f"a fault of ours: {type(error).__name__}: {error}", "please report it")


def _error(kind: str, problem: str, remedy: str | None) -> dict[str, Any]:
    return {"error": {"kind": kind, "problem": problem, "remedy": remedy}}


if __name__ == "__main__":
    main(sys.argv[1])
