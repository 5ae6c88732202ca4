"""What a child writes on its standard output and error, taken as it comes."""

from __future__ import annotations

import os
import threading
from typing import IO

# Bytes that are remembered between two looks; of more, only the last are kept, and this is said.
KEEP = 20_000
# Seconds to wait for the end of the output of a child that has ended: one of its own children may hold the pipe.
PATIENCE = 5.0


class Output:
    """Reads a child's output in threads, since a child whose pipe is full stands still.

    Args:
        streams: the child's standard output and error; None where there is no pipe.
        keep: bytes that `take` gives at most.
    """

    def __init__(self, *streams: IO[bytes] | None, keep: int = KEEP):
        self._keep = keep
        self._held = bytearray()
        self._dropped = 0
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._read, args=(s,), name="output", daemon=True) for s in streams if s
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        try:
            while chunk := os.read(stream.fileno(), 65_536):
                with self._lock:
                    self._held.extend(chunk)
                    beyond = len(self._held) - self._keep
                    if beyond > 0:
                        self._dropped += beyond
                        del self._held[:beyond]
        except (OSError, ValueError):  # closed while it was read
            return

    def take(self, *, last: bool = False) -> str:
        """What came since the last look, up to the end of a line; with `last` all of it, once the output has ended."""
        if last:
            for thread in self._threads:
                thread.join(PATIENCE)
        with self._lock:
            end = len(self._held) if last else self._held.rfind(b"\n") + 1
            text = bytes(self._held[:end]).decode(errors="replace")
            del self._held[:end]
            dropped, self._dropped = (self._dropped, 0) if text else (0, self._dropped)
        return f"[{dropped:,} bytes before this were not kept]\n{text}" if dropped else text
