"""Which candidate and fold a curve belongs to, and what it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Series:
    """A curve of a run.

    Args:
        trial: the candidate, such as "neural_network".
        fold: its fold, such as "fold1"; empty where there is one fit alone.
        tag: what it shows, such as "Loss/train".
    """

    trial: str
    fold: str
    tag: str


def series_of(name: str, trials: list[str]) -> Series:
    """The parts of a curve's name.

    Args:
        name: as the points have it: candidate, fold where there are several, and what it shows, with slashes between.
        trials: the candidates that are known; one of a slash in its name is told by them.

    Example:
        >>> series_of("neural_network/fold1/Loss/train", [])
        Series(trial='neural_network', fold='fold1', tag='Loss/train')
        >>> series_of("a/b/loss", ["a", "a/b"])
        Series(trial='a/b', fold='', tag='loss')
    """
    known = [trial for trial in trials if name.startswith(f"{trial}/")]
    trial = max(known, key=len) if known else name.partition("/")[0]
    rest = name[len(trial) + 1 :] or name
    match = re.match(r"(fold\d+)/(.+)", rest)
    return Series(trial, match[1], match[2]) if match else Series(trial, "", rest)
