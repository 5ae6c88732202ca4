"""Warnings are left out within a block and heard again after it, whatever the threads do."""

from __future__ import annotations

import threading
import warnings

import pytest

from trainwright.models.quiet import without


def test_blocks_that_overlap_in_two_threads_leave_the_warnings_as_they_were() -> None:
    begun, leave = threading.Event(), threading.Event()

    def first() -> None:
        with without(RuntimeWarning):
            begun.set()
            leave.wait(10)

    before = list(warnings.filters)
    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(10)
    with without(UserWarning):  # begins second and ends last
        leave.set()
        thread.join()
        warnings.warn("within", UserWarning, stacklevel=1)
    assert list(warnings.filters) == before
    with pytest.warns(UserWarning, match="after"):
        warnings.warn("after", UserWarning, stacklevel=1)
