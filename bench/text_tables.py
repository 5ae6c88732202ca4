"""The public sets of texts that the benchmarks learn from, each with its test part and how that was cut."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import results


@dataclass(frozen=True)
class Texts:
    """Texts with a label each.

    Args:
        text, label: (n,) of each row.
        test: (n,) bool, which rows are the test part.
        split: how it was cut, in words.
        outside: the label of texts that belong to no class, or "".
    """

    text: np.ndarray
    label: np.ndarray
    test: np.ndarray
    split: str
    outside: str = ""


def load(name: str, data: Path | None) -> Texts:
    """A set of `SETS`.

    Raises:
        NotMeasured: the folder of real data does not have it.
    """
    if data is None:
        raise results.NotMeasured("no folder of data is given (--data or TRAINWRIGHT_DATA)")
    folder = next((root / name for root in (data / "text", data) if (root / name).is_dir()), None)
    if folder is None:
        raise results.NotMeasured(f"{name} is not in the folder of data")
    return SETS[name](folder)


def few(texts: Texts, per_class: int, seed: int = 0) -> np.ndarray:
    """(n,) bool, which rows are learned from where each class has at most so many examples."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(texts.text), dtype=bool)
    for label in np.unique(texts.label):
        own = np.flatnonzero((texts.label == label) & ~texts.test)
        chosen[rng.choice(own, min(per_class, len(own)), replace=False)] = True
    return chosen


BY_HASH = "a fifth by the hash of the words, so that messages that repeat are on one side"


def _by_hash(texts: list[str]) -> np.ndarray:
    """The test part: SHA-256 of the text in lower case with single blanks, divided by five, leaves nothing."""

    def number(text: str) -> int:
        return int(hashlib.sha256(" ".join(text.lower().split()).encode()).hexdigest(), 16)

    return np.array([number(text) % 5 == 0 for text in texts])


def _sms_spam(folder: Path) -> Texts:
    lines = (folder / "sms.tsv").read_text("utf-8").splitlines()
    pairs = [line.split("\t", 1) for line in lines if line]
    texts = [text for _, text in pairs]
    return Texts(np.array(texts), np.array([label for label, _ in pairs]), _by_hash(texts), BY_HASH)


def _banking77(folder: Path) -> Texts:
    rows, test = [], []
    for part in ("train", "test"):
        with (folder / f"{part}.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        rows += found
        test += [part == "test"] * len(found)
    text, label = [row["text"] for row in rows], [row["category"] for row in rows]
    return Texts(np.array(text), np.array(label), np.array(test), "the test set that comes with it")


def _clinc150(folder: Path) -> Texts:
    parts = json.loads((folder / "data_full.json").read_text("utf-8"))
    rows = [
        (text, label, part.endswith("test"))
        for part in ("train", "oos_train", "val", "oos_val", "test", "oos_test")
        for text, label in parts[part]
    ]
    text, label, test = zip(*rows)
    split = "the test set that comes with it; its validation set is learned from, too"
    return Texts(np.array(text), np.array(label), np.array(test), split, outside="oos")


def _hate_davidson(folder: Path) -> Texts:
    with (folder / "labeled_data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {"0": "hate", "1": "offensive", "2": "neither"}
    texts = [row["tweet"] for row in rows]
    return Texts(np.array(texts), np.array([names[row["class"]] for row in rows]), _by_hash(texts), BY_HASH)


SETS: dict[str, Callable[[Path], Texts]] = {
    "sms_spam": _sms_spam,
    "banking77": _banking77,
    "clinc150": _clinc150,
    "hate_davidson": _hate_davidson,
}
