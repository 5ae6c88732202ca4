"""Small texts, a tiny base model and rows for the tests of text families."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trainwright.data.columns import Columns, Layout
from trainwright.data.schema import Target

TWO = Target("y", "classes", ("praise", "trouble"), "trouble")
PARTS = ("pump", "valve", "motor", "fan", "belt", "drive", "gear", "sensor")
GOOD = ("runs well", "is fine", "works as it should", "is in good order")
BAD = ("leaks oil", "is broken", "makes a loud noise", "does not start")


def columns(texts: list[str], numbers: np.ndarray | None = None) -> Columns:
    """Rows of one text column, and of numbers x0, x1, ..."""
    n = len(texts)
    numbers = np.zeros((n, 0)) if numbers is None else numbers
    layout = Layout(tuple(f"x{j}" for j in range(numbers.shape[1])), (), (), ("note",), ())
    held = np.empty((n, 1), dtype=object)
    held[:, 0] = texts
    return Columns(numbers, np.empty((n, 0), dtype=np.int32), np.empty((n, 0)), held, layout)


def notes(n: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """n notes on parts of a machine, and whether they tell of trouble."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, n)
    said = [rng.choice(BAD if bad else GOOD) for bad in y]
    return [f"the {part} {what} today" for part, what in zip(rng.choice(PARTS, n), said)], y


def tiny_base(folder: Path) -> Path:
    """A BERT of two layers, 32 wide, that has read nothing, saved as transformers does."""
    import torch
    from transformers import BertConfig, BertModel

    from trainwright.engine.randomness import alone
    from trainwright.models.text.tokens import Tokens

    tokens = Tokens.learn(notes(400, 9)[0], 200, 64)
    with alone(5):
        config = BertConfig(
            vocab_size=tokens.size,
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
            pad_token_id=tokens.pad,
        )
        BertModel(config).to(torch.float32).save_pretrained(str(folder))
    tokens.save(folder)
    return folder
