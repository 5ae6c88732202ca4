"""A fine-tuning in a process of its own, to be killed: `python text_killed.py BASE STATES`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from text_rows import TWO, columns, notes

from trainwright.data.columns import Dataset
from trainwright.models.families import families
from trainwright.models.spec import Estimator
from trainwright.models.text import training

SETTINGS: dict[str, Any] = {"epochs": 4, "batch_size": 16, "dropout": 0.2, "augment": 0.1, "early_stopping": False}


def fit(base: Path, states: Path | None, tell: Any = None, **more: Any) -> Estimator:
    """The tiny base model fine-tuned on sixty notes, four steps an epoch."""
    texts, y = notes(90)
    held = Dataset(columns(texts[60:]), y[60:], np.arange(30))
    model = families()["text_transformer"].load()(TWO, SETTINGS | {"base_model": str(base)} | more)
    model.checkpoints = states
    return model.fit(columns(texts[:60]), y[:60], validation=held, seed=1, report=tell)


def waits(event: dict[str, Any]) -> None:
    """Waits for the end when the third epoch was judged, before its state is written."""
    if str(event["message"]).startswith("Epoch 3/"):
        print("ready", flush=True)
        time.sleep(600)


if __name__ == "__main__":
    training.PAUSE = 0.0
    fit(Path(sys.argv[1]), Path(sys.argv[2]), waits)
