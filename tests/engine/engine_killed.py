"""A training in a process of its own, to be killed: `python engine_killed.py FOLDER OUT`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from engine_data import Classifier, network, rows
from safetensors.torch import save_file

from trainwright.engine.loop import fit
from trainwright.engine.settings import EngineSettings

SETTINGS = EngineSettings(epochs=6, batch_size=8, checkpoint_steps=3, learning_rate=0.01, log_every=1, health_every=4)


def train(folder: Path, *, waits: bool = False) -> Classifier:
    """Five steps an epoch; with `waits` it waits within the third one for its end."""
    learner = Classifier(network(dropout=0.3))

    def tell(event: dict[str, object]) -> None:
        if waits and str(event["message"]).startswith("Step 14/30"):
            print("ready", flush=True)
            time.sleep(600)

    fit(learner, rows(40), SETTINGS, validation=rows(40, seed=1), checkpoints=folder, report=tell)
    return learner


if __name__ == "__main__":
    save_file(train(Path(sys.argv[1]), waits=True).module.state_dict(), sys.argv[2])
