"""The process that mirrors: `python -m trainwright.track.process WORKSPACE [RUN]`.

It is started beside a training and forgotten; it lets every other process go first, and ends when all is written or
nobody answers. Without RUN it tells MLflow which versions answer.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from trainwright.errors import TrainwrightError
from trainwright.jobs.process import yield_to_others
from trainwright.store.outbox import messages
from trainwright.store.transaction import read
from trainwright.store.workspace import open_workspace
from trainwright.track.active import tell_active_versions
from trainwright.track.mirror import follow


def main(arguments: list[str]) -> int:
    """Mirrors a run to every place it is to be mirrored to, each in a thread: none waits for another."""
    yield_to_others()
    try:
        workspace = open_workspace(Path(arguments[0]), create=False)
        if len(arguments) > 1:
            with read(workspace) as connection:
                found = messages(connection, run_id=int(arguments[1]), undone=True)
            work = [
                threading.Thread(target=follow, args=(workspace, message.id), kwargs={"patient": True})
                for message in found
            ]
            for thread in work:
                thread.start()
            for thread in work:
                thread.join()
        tell_active_versions(workspace)
    except TrainwrightError:
        return 1  # the workspace is gone or locked for good: `trainwright track sync` says why
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
