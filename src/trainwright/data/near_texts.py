"""Finds texts that nearly equal another one: MinHash over runs of letters, then the exact share of runs in common.

Broder 1997, "On the resemblance and containment of documents": the chance that two sets have the same smallest hash is
their Jaccard similarity. Signatures are cut into bands, so that texts of high similarity share a band almost surely.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

RUN = 5  # bytes of a run of letters
HASHES, BANDS = 64, 16  # four hashes a band: pairs of similarity 0.8 share one with a chance of 0.9998
SIMILAR = 0.8
LONGEST = 4_000  # characters looked at of one text
TOGETHER = 200  # texts of one band that are compared with its first ones only
_BARE = re.compile(r"[\W_]+")


@dataclass(frozen=True, eq=False)
class NearTexts:
    """Which texts nearly equal another one.

    Args:
        other: (n,) int64 position of a similar text that comes earlier, -1 for none.
        similarity: (n,) its Jaccard similarity, 1 for texts that differ in blanks, case and punctuation at most.
    """

    other: np.ndarray
    similarity: np.ndarray


def near_texts(texts: list[str], *, similar: float = SIMILAR) -> NearTexts:
    """For each text an earlier one that has nearly the same runs of letters.

    Args:
        texts: n texts; letter case, blanks and punctuation are ignored, empty ones are like no other.
        similar: the least share of runs that two texts have in common, of all that either has.

    Example:
        >>> found = near_texts(["The pump leaks again.", "the pump leaks, again", "All is well here."])
        >>> found.other.tolist()
        [-1, 0, -1]
    """
    n = len(texts)
    other, best = np.full(n, -1, dtype=np.int64), np.zeros(n)
    sets = [_runs(text) for text in texts]
    rows = np.array([i for i, runs in enumerate(sets) if len(runs)], dtype=np.int64)
    if len(rows) < 2:
        return NearTexts(other, best)
    signatures = np.stack([_signature(sets[i]) for i in rows])  # (m, HASHES)
    width = HASHES // BANDS
    for band in range(BANDS):
        keys = _mixed(signatures[:, band * width : (band + 1) * width])
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        for group in np.split(order, ends):
            if len(group) > 1:
                _compare(rows[np.sort(group)], sets, other, best, similar)
    return NearTexts(other, best)


def bare(text: str) -> str:
    """The text's letters and digits in lower case, words parted by one blank.

    Example:
        >>> bare("  Pump leaks, AGAIN! ")
        'pump leaks again'
    """
    return _BARE.sub(" ", text[:LONGEST].lower()).strip()


def _compare(group: np.ndarray, sets: list[np.ndarray], other: np.ndarray, best: np.ndarray, similar: float) -> None:
    """Notes for each text of a band the most similar one before it."""
    for at in range(1, len(group)):
        row = int(group[at])
        if best[row] >= 1:
            continue
        for earlier in group[: min(at, 3 if len(group) > TOGETHER else at)]:
            a, b = sets[row], sets[int(earlier)]
            if min(len(a), len(b)) < similar * max(len(a), len(b)):
                continue
            common = len(np.intersect1d(a, b, assume_unique=True))
            share = common / (len(a) + len(b) - common)
            if share >= similar and share > best[row]:
                other[row], best[row] = int(earlier), share


def _runs(text: str) -> np.ndarray:
    """The different runs of five bytes of a text, as numbers; a shorter text is one run."""
    data = np.frombuffer(bare(text).encode("utf-8"), dtype=np.uint8).astype(np.uint64)
    if not len(data):
        return data
    if len(data) < RUN:
        data = np.concatenate([data, np.zeros(RUN - len(data), dtype=np.uint64)])
    count = len(data) - RUN + 1
    runs = np.zeros(count, dtype=np.uint64)
    for k in range(RUN):
        runs = (runs << np.uint64(8)) | data[k : k + count]
    return np.unique(runs)


_DRAWN = np.random.default_rng(11).integers(1, 2**63, (2, HASHES), dtype=np.uint64)
_FACTORS, _TERMS = _DRAWN[0] | np.uint64(1), _DRAWN[1]


def _signature(runs: np.ndarray) -> np.ndarray:
    """(HASHES,) the smallest value of each hash over the runs (multiply and shift, Dietzfelbinger et al. 1997)."""
    with np.errstate(over="ignore"):
        hashed = runs[:, None] * _FACTORS[None, :] + _TERMS[None, :]
    return (hashed >> np.uint64(20)).min(axis=0)


def _mixed(values: np.ndarray) -> np.ndarray:
    """(m,) one number for each row of (m, w)."""
    with np.errstate(over="ignore"):
        key = np.zeros(len(values), dtype=np.uint64)
        for column in values.T:
            key = (key ^ column) * np.uint64(0x9E3779B97F4A7C15)
            key ^= key >> np.uint64(29)
    return key
