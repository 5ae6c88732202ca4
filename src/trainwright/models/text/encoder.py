"""Opens a base model's network and turns token numbers into one vector for each text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from trainwright.engine.precision import Numbers, choose
from trainwright.engine.settings import EngineSettings
from trainwright.errors import EnvironmentProblem, UserError
from trainwright.models.text.base import counts_behind_padding
from trainwright.models.text.batches import FEW, TOKENS, filled, shapes

GPU_TOKENS = 16 * TOKENS
POOLS_ALWAYS = ("squeezebert",)  # kinds that ask for their pooling layer in any case
DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "embedding_dropout")


def open_encoder(folder: Path, *, dropout: float | None = None) -> nn.Module:
    """The encoder in a folder, in fp32 and without its pooling layer, whose place the mean takes.

    Args:
        folder: as `save_pretrained` writes it.
        dropout: replaces that of its configuration.

    Raises:
        UserError: the files do not fit together.
        EnvironmentProblem: transformers is absent.
    """
    with quiet():
        from transformers import AutoConfig, AutoModel

        try:
            config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
            for name in DROPOUTS:
                if dropout is not None and isinstance(getattr(config, name, None), float | int):
                    setattr(config, name, dropout)
            given: dict[str, Any] = {"config": config, "local_files_only": True, "use_safetensors": True}
            encoder = AutoModel.from_pretrained(str(folder), dtype=torch.float32, **given)
        except EnvironmentProblem:
            raise
        except Exception as error:  # whatever the library throws, the folder is not a whole model
            raise UserError(
                f"the base model in {folder} cannot be opened: {str(error).strip().splitlines()[0]:.200}",
                remedy="its files may be cut short or from another model: fetch or save it again",
            ) from error
    return without_pooler(encoder)


def small_encoder(vocabulary: int, *, width: int, depth: int, limit: int, pad: int, dropout: float) -> nn.Module:
    """A small BERT without any knowledge, from torch's global generator."""
    with quiet():
        from transformers import AutoModel, BertConfig

        config = BertConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            num_hidden_layers=depth,
            num_attention_heads=max(1, width // 32),
            intermediate_size=4 * width,
            max_position_embeddings=limit,
            type_vocab_size=1,
            pad_token_id=pad,
            hidden_dropout_prob=dropout,
            attention_probs_dropout_prob=dropout,
        )
        return without_pooler(AutoModel.from_config(config))


def without_pooler(encoder: nn.Module) -> nn.Module:
    """The encoder without the layer over its first token, which nothing here reads."""
    config: Any = encoder.config
    if getattr(encoder, "pooler", None) is not None and config.model_type not in POOLS_ALWAYS:
        encoder.pooler = None  # type: ignore[assignment]
    return encoder


def most_positions(encoder: Any) -> int | None:
    """Places that a batch for the encoder may have, padding included; None where padding takes none."""
    config = encoder.config
    if counts_behind_padding(str(config.model_type)):
        return None
    return getattr(config, "max_position_embeddings", None)


def pooled(hidden: Tensor, mask: Tensor) -> Tensor:
    """(n, tokens, width) vectors of tokens to (n, width): their mean, brought to the length of the square root of the
    width, so that each number has a spread of about one (mean pooling, Reimers & Gurevych 2019)."""
    weight = mask.unsqueeze(-1).to(torch.float32)
    mean = (hidden.float() * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)
    return functional.normalize(mean, dim=1) * mean.shape[1] ** 0.5


@torch.inference_mode()
def answers(
    forward: Any,
    ids: Sequence[np.ndarray],
    *,
    pad: int,
    numbers: Numbers,
    extra: np.ndarray | None = None,
    few: int = FEW,
    most: int | None = None,
) -> np.ndarray:
    """(n, k) float32 what a network says of each text, in batches of fixed shapes.

    Args:
        forward: (ids, mask) or, with extra columns, (ids, mask, extra) to (rows, k).
        ids: token numbers of n texts.
        pad: the number that fills up.
        numbers: where, and in which format.
        extra: (n, q) further numbers of each row.
        few: see `shapes`; 0 where the result will serve other calls.
        most: see `most_positions`; no text is longer, and none is padded beyond it.
    """
    out: np.ndarray | None = None
    device = numbers.device
    lengths = np.array([len(row) for row in ids], dtype=np.int64)
    for shape in shapes(lengths, tokens=TOKENS if device.type == "cpu" else GPU_TOKENS, few=few):
        shape = shape if most is None else replace(shape, length=min(shape.length, most))
        given = [torch.from_numpy(part).to(device) for part in filled(shape, ids, pad)]
        if extra is not None:
            block = np.zeros((shape.size, extra.shape[1]), dtype=np.float32)
            block[: len(shape.rows)] = extra[shape.rows]
            given.append(torch.from_numpy(block).to(device))
        with numbers.autocast():
            said = forward(*given).float().cpu().numpy()
        if out is None:
            out = np.empty((len(ids), said.shape[1]), dtype=np.float32)
        out[shape.rows] = said[: len(shape.rows)]
    return np.empty((0, 0), dtype=np.float32) if out is None else out


def numbers_for(module: nn.Module, *, device: str = "auto", precision: str = "auto") -> Numbers:
    """Where and in which format a network answers; see `engine.precision.choose`."""
    return choose(EngineSettings(device=device, precision=precision, compile="off"), module, steps=0)


@contextmanager
def quiet() -> Iterator[None]:
    """transformers loads models without bars and reports; what it was told before holds again afterwards.

    Raises:
        EnvironmentProblem: it is not installed.
    """
    try:
        from transformers.utils import logging
    except ImportError:
        raise EnvironmentProblem(
            "models of texts need the library 'transformers', which is not installed",
            remedy='pip install "trainwright[neural]"',
        ) from None
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
