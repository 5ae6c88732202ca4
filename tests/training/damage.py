"""Documents changed by hand: every place of one removed, or replaced by something else."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from typing import Any


def damaged(
    document: dict[str, Any], places: Iterable[tuple[Any, ...]], junk: Iterable[Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """What was done, and the document with it done.

    Args:
        document: stays as it is.
        places: paths of keys and positions within it.
        junk: what each place is replaced by.
    """
    for place in places:
        for new in ("removed", *junk):
            changed = copy.deepcopy(document)
            at: Any = changed
            for step in place[:-1]:
                at = at[step]
            if new == "removed":
                del at[place[-1]]
            else:
                at[place[-1]] = copy.deepcopy(new)
            yield f"{'.'.join(map(str, place))}: {new!r}", changed
