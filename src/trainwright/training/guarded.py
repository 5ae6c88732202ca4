"""What is measured about a model after it was chosen: when that fails, it is said, and the model is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def guarded(measure: Callable[[], Any]) -> Any:
    """What is measured, or {"skipped": why it failed}: no measurement is worth a finished training.

    Raises:
        MemoryError: there is too little memory, which what follows would lack as well.

    Example:
        >>> guarded(lambda: 1 / 0)
        {'skipped': 'it failed: ZeroDivisionError: division by zero'}
    """
    try:
        return measure()
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever breaks a measurement is said in its place
        return {"skipped": f"it failed: {type(error).__name__}: {error}"}
