"""Networks over texts with their tokens: on a base model, from scratch, or from a saved model's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trainwright.engine.randomness import alone
from trainwright.models.storage import read_json, write_json
from trainwright.models.text.base import Base
from trainwright.models.text.encoder import open_encoder, small_encoder
from trainwright.models.text.files import write_encoder
from trainwright.models.text.network import TextNetwork
from trainwright.models.text.tokens import Tokens

FILE = "text.json"


def new_network(
    base: Base, chosen: Mapping[str, Any], texts: Sequence[str], *, extra: int, outputs: int
) -> tuple[TextNetwork, Tokens]:
    """A network with a new head; within `randomness.alone`, for weights are drawn.

    Args:
        base: the base model, or none.
        chosen: the settings of `text_transformer`.
        texts: that a vocabulary is learned from where there is no base.
        extra: number of further columns.
        outputs: classes, or 1 for a number.
    """
    dropout, limit = float(chosen["dropout"]), int(chosen["max_tokens"])
    if base.folder is not None:
        tokens = Tokens.of(base.folder, min(limit, base.limit))
        encoder = open_encoder(base.folder, dropout=dropout)
        return TextNetwork(encoder, base.width, extra, outputs, dropout), tokens
    tokens = Tokens.learn(texts, int(chosen["vocabulary"]), limit)
    width = int(chosen["width"]) // 32 * 32
    depth = int(chosen["depth"])
    encoder = small_encoder(tokens.size, width=width, depth=depth, limit=limit, pad=tokens.pad, dropout=dropout)
    return TextNetwork(encoder, width, extra, outputs, dropout), tokens


def write_network(network: TextNetwork, tokens: Tokens, folder: Path) -> None:
    """Encoder and tokenizer as transformers reads them; the head is the caller's."""
    write_encoder(network.encoder, folder)
    tokens.save(folder)
    write_json(folder / FILE, {"limit": tokens.limit, "width": network.width})


def read_network(folder: Path, weight: np.ndarray, bias: np.ndarray, dropout: float) -> tuple[TextNetwork, Tokens]:
    """What `write_network` wrote, with its head.

    Args:
        folder: of the saved model.
        weight, bias: (outputs, width + extra) and (outputs,) of the head.
        dropout: where it learns on.
    """
    with alone(0):
        encoder, facts = open_encoder(folder), read_json(folder / FILE)
        width = int(facts["width"])
        network = TextNetwork(encoder, width, weight.shape[1] - width, len(bias), dropout)
    network.begin_with(weight.T.astype(np.float64), bias.astype(np.float64))
    return network, Tokens.of(folder, int(facts["limit"]))
