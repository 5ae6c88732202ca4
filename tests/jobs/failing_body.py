"""A training whose heart fails: the attempts in FAILING raise what FAILING_WITH names, any other is completed at once.

Run as `python -m failing_body WORKSPACE RUN ATTEMPT STARTED`; everything around the heart is the real thing.
"""

from __future__ import annotations

import os
import sys
from types import ModuleType
from typing import Any

from trainwright.errors import EnvironmentProblem, UserError
from trainwright.jobs import attempt
from trainwright.store.runs import set_state
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace

ERRORS = {
    "memory": MemoryError("Unable to allocate 64.0 GiB for an array"),
    "environment": EnvironmentProblem("the disk of the workspace is full", remedy="free some space"),
    "ours": RuntimeError("the roof fell in"),
    "data": UserError("there is no column 'y'", remedy="name another"),
}


def heart(workspace: Workspace, run_id: int, number: int, started: float, **_: Any) -> dict[str, Any]:
    """Instead of a training."""
    with write(workspace) as connection:
        set_state(connection, run_id, number, "training", "works")
    if str(number) in os.environ["FAILING"].split(","):
        raise ERRORS[os.environ["FAILING_WITH"]]
    with write(workspace) as connection:
        set_state(connection, run_id, number, "evaluating", "is nearly done")
        set_state(connection, run_id, number, "completed", "done")
    return {}


if __name__ == "__main__":
    stub = ModuleType("trainwright.training.run")
    stub.train_run = heart  # type: ignore[attr-defined]
    sys.modules[stub.__name__] = stub  # the real one imports for seconds
    sys.exit(attempt.main(sys.argv[1:]))
