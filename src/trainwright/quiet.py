"""Leaves out a library's warnings and remarks while something runs, also when several threads do so at the same time.

`warnings.catch_warnings` belongs to the whole process: two threads whose blocks overlap put back each other's state,
and the caller's warnings stay switched off for good (documented in Python's `warnings`). Here the first block to begin
saves the state and the last to end puts it back; the levels of loggers are kept in the same way.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside: list[type[Warning]] = []
_saved: list[warnings.catch_warnings[None]] = []
_loggers: dict[str, list[int]] = {}  # name -> the level that it had, and how many blocks hold it


@contextmanager
def without(category: type[Warning], *loggers: str) -> Iterator[None]:
    """Warnings of this category are not shown within the block, in any thread, and these loggers report errors alone.

    Args:
        category: `Warning` for every one.
        loggers: their names; "" is the one above all.

    Example:
        >>> with without(RuntimeWarning, "somelibrary"):
        ...     warnings.warn("nobody hears this", RuntimeWarning)
    """
    with _lock:
        if not _inside:
            _saved.append(warnings.catch_warnings())
            _saved[0].__enter__()
        _inside.append(category)
        warnings.simplefilter("ignore", category)
        for name in loggers:
            held = _loggers.setdefault(name, [logging.getLogger(name).level, 0])
            held[1] += 1
            logging.getLogger(name).setLevel(logging.ERROR)
    try:
        yield
    finally:
        with _lock:
            _inside.remove(category)
            if not _inside:
                _saved.pop().__exit__(None, None, None)
            for name in loggers:
                _loggers[name][1] -= 1
                if not _loggers[name][1]:
                    logging.getLogger(name).setLevel(_loggers.pop(name)[0])
