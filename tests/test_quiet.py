"""Warnings are left out within a block and heard again after it, whatever the threads do."""

from __future__ import annotations

import logging
import threading
import warnings

import pytest

from trainwright.quiet import without


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


def test_loggers_have_their_level_back_when_the_last_block_ends() -> None:
    logger = logging.getLogger("tests.quiet")
    logger.setLevel(logging.INFO)
    with without(Warning, "tests.quiet"):
        with without(RuntimeWarning, "tests.quiet"):
            assert logger.level == logging.ERROR
        assert logger.level == logging.ERROR
    assert logger.level == logging.INFO
