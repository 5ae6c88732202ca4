"""An attempt that stands still at a named moment, so that a test can end it exactly there.

Run as `python -m held_attempt WORKSPACE RUN ATTEMPT STARTED` with the moment in HELD_MOMENT and a file to create on
reaching it in HELD_MARKER; everything before and after is the real thing.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from trainwright.jobs import attempt
from trainwright.training import finish, folds_on_disk, run, run_package

STOPPED = threading.Event()


def hold(until: threading.Event | None = None) -> None:
    """Says that the moment has come, and waits."""
    marker = Path(os.environ["HELD_MARKER"])
    marker.with_suffix(".new").write_text(str(os.getpid()), encoding="utf-8")
    marker.with_suffix(".new").rename(marker)
    if until is not None:
        until.wait()
    while until is None:
        time.sleep(3600)


def after_fold(name: str, number: int, until: threading.Event | None = None) -> None:
    """Holds once this fold of this trial has been committed."""
    keep = folds_on_disk.keep

    def held(*arguments: Any) -> None:
        keep(*arguments)
        step, fit = arguments[3], arguments[4]
        if (step.name, fit.fold) == (name, number):
            hold(until)

    folds_on_disk.keep = held


def after_third_epoch() -> None:
    """Holds the first network after its third epoch, until the file is taken away."""
    from trainwright.engine import loop

    end_of_epoch, marker = loop._Loop.end_of_epoch, Path(os.environ["HELD_MARKER"])
    ended: list[int] = []

    def held(self: Any) -> None:
        end_of_epoch(self)
        ended.append(1)
        if len(ended) == 3:
            marker.touch()
            while marker.exists():
                time.sleep(0.05)

    loop._Loop.end_of_epoch = held


def between_files_and_row() -> None:
    """Holds when a fold's files are published and its row is not yet written."""
    finish_trial = folds_on_disk.finish_trial

    def held(*arguments: Any, **values: Any) -> Any:
        if (values["name"], values["fold"]) == ("linear", 1):
            hold()
        return finish_trial(*arguments, **values)

    folds_on_disk.finish_trial = held


def inside_package() -> None:
    """Holds when the package is written in part."""
    write_package = run_package.write_package

    def held(*arguments: Any, **values: Any) -> Any:
        write_package(*arguments, **values)
        hold()

    run_package.write_package = held


def after_sealed_test() -> None:
    """Holds when the sealed test was opened and nothing about it is stored yet but the ledger's row."""
    open_sealed = attempt._open_sealed

    def held(*arguments: Any) -> Any:
        open_sealed(*arguments)
        hold()

    attempt._open_sealed = held


def before_commit() -> None:
    """Holds when all is written but the version's row."""
    finish.create_version = lambda *arguments, **values: hold()


MOMENTS = {
    "start": lambda: setattr(run, "load_material", lambda *arguments: hold()),
    "a fold is committed": lambda: after_fold("linear", 1),
    "three epochs are over": after_third_epoch,
    "between files and row": between_files_and_row,
    "inside the package": inside_package,
    "after the sealed test": after_sealed_test,
    "before the commit": before_commit,
    "linear is finished": lambda: after_fold("linear", 2, STOPPED),
}


def main() -> int:
    watch = attempt.watch_parent

    def listen(on_word: Any) -> None:
        def heard(word: str) -> None:
            on_word(word)
            STOPPED.set()

        watch(heard)

    attempt.watch_parent = listen
    MOMENTS[os.environ["HELD_MOMENT"]]()
    return attempt.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
