"""Which GPU belongs to which job of a worker: each gpu slot is one device, and a job sees only those that it took."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from trainwright.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"


class Devices:
    """The devices behind a worker's gpu slots.

    Args:
        names: one for each slot, as CUDA_VISIBLE_DEVICES names them.

    Example:
        >>> devices = Devices(("0", "1"))
        >>> one = devices.take(1)
        >>> one, devices.take(0), devices.environment(one), devices.environment(())
        (('0',), (), {'CUDA_VISIBLE_DEVICES': '0'}, {'CUDA_VISIBLE_DEVICES': ''})
        >>> devices.give_back(one)
    """

    def __init__(self, names: Sequence[str]):
        self._counted = bool(names)
        self._free = list(names)

    def take(self, number: int) -> tuple[str, ...]:
        """So many devices that nobody has; whoever claims by slots finds them free."""
        taken = tuple(self._free[:number])
        del self._free[:number]
        return taken

    def give_back(self, names: Sequence[str]) -> None:
        """Lets others have them."""
        self._free = sorted([*self._free, *names], key=_order)

    def environment(self, names: Sequence[str]) -> dict[str, str]:
        """What the process of a job is told: its devices, or none where it took none. A worker without gpu slots does
        not count devices and tells nothing.
        """
        return {VISIBLE: ",".join(names)} if self._counted else {}


def devices_of(number: int, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The devices behind so many gpu slots: the first in CUDA_VISIBLE_DEVICES, or 0, 1, ... where it is not set.

    Raises:
        UserError: it names fewer.

    Example:
        >>> devices_of(2, {}), devices_of(1, {"CUDA_VISIBLE_DEVICES": "3,5"}), devices_of(0, {})
        (('0', '1'), ('3',), ())
        >>> devices_of(2, {"CUDA_VISIBLE_DEVICES": "3"})
        Traceback (most recent call last):
            ...
        trainwright.errors.UserError: 2 gpu slots are more than the devices in CUDA_VISIBLE_DEVICES='3'; ...
    """
    given = environ.get(VISIBLE)
    if given is None:
        return tuple(map(str, range(number)))
    named = tuple(name for word in given.split(",") if (name := word.strip()) not in ("", "-1"))
    if len(named) < number:
        raise UserError(
            f"{number} gpu slot{'s are' if number > 1 else ' is'} more than the devices in {VISIBLE}={given!r}",
            remedy="name as many devices there, or give fewer gpu slots",
        )
    return named[:number]


def _order(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (-1, name)
