"""A worker of `jobs_kill.py`: `python jobs_worker.py WORKSPACE NAME SLOTS LEASE`, with the bodies of the benchmark."""

from __future__ import annotations

import random
import signal
import sys

from jobs_body import body

from trainwright.jobs.queue import Slots
from trainwright.jobs.supervise import Pace
from trainwright.jobs.worker import BODIES, Rhythm, Worker
from trainwright.store.workspace import open_workspace


def main(address: str, name: str, slots: str, lease: str) -> None:
    """Works until SIGTERM; a second one leaves what runs."""
    random.seed(name)
    seconds = float(lease)
    worker = Worker(
        open_workspace(address, create=False),
        Slots(cpu=int(slots)),
        name=name,
        bodies={**BODIES, "child": "jobs_body", "function": body},
        pace=Pace(lease=seconds, renew=seconds / 6, log=1.0, patience=1.0, poll=0.01, still=2 * seconds),
        rhythm=Rhythm(claim=0.05, reap=seconds / 4, schedules=60.0, sweep=60.0, seen=1.0),
        grace=0.0,
    )
    signal.signal(signal.SIGTERM, lambda *_: worker.ask_to_end())
    worker.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
