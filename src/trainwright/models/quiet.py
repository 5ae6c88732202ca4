"""Leaves out a library's warnings while something runs, also when several threads do so at the same time.

`warnings.catch_warnings` belongs to the whole process: two threads whose blocks overlap put back each other's state,
and the caller's warnings stay switched off for good (documented in Python's `warnings`). Here the first block to begin
saves the state and the last to end puts it back.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside: list[type[Warning]] = []
_saved: list[warnings.catch_warnings[None]] = []


@contextmanager
def without(category: type[Warning]) -> Iterator[None]:
    """Warnings of this category are not shown within the block, in any thread.

    Example:
        >>> with without(RuntimeWarning):
        ...     warnings.warn("nobody hears this", RuntimeWarning)
    """
    with _lock:
        if not _inside:
            _saved.append(warnings.catch_warnings())
            _saved[0].__enter__()
        _inside.append(category)
        warnings.simplefilter("ignore", category)
    try:
        yield
    finally:
        with _lock:
            _inside.remove(category)
            if not _inside:
                _saved.pop().__exit__(None, None, None)
