"""Slows down guessing: after a few wrong sign-ins from an address, it waits."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

FREE = 5
LONGEST = 300.0
KEPT = 10_000


class Attempts:
    """Wrong sign-ins by address, in this process.

    The wait doubles with each further one, from one second to five minutes.

    Example:
        >>> attempts = Attempts()
        >>> for _ in range(6):
        ...     attempts.failed("192.0.2.1")
        >>> 0 < attempts.wait("192.0.2.1") <= 2, attempts.wait("192.0.2.2")
        (True, 0.0)
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until an address may try again."""
        with self._lock:
            number, last = self._failed.get(address, (0, 0.0))
        if number < FREE:
            return 0.0
        return max(0.0, last + min(LONGEST, 2.0 ** (number - FREE)) - time.monotonic())

    def failed(self, address: str) -> None:
        """Counts a wrong sign-in."""
        with self._lock:
            number = self._failed.pop(address, (0, 0.0))[0]
            self._failed[address] = (number + 1, time.monotonic())
            while len(self._failed) > KEPT:
                self._failed.popitem(last=False)

    def passed(self, address: str) -> None:
        """Forgets the wrong ones after a right one."""
        with self._lock:
            self._failed.pop(address, None)
