"""Activations that are computed twice in place of being kept give an encoder the same gradients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from text_rows import TWO, columns, notes
from torch import Tensor

from trainwright.engine.randomness import alone
from trainwright.models.text.encoder import small_encoder
from trainwright.models.text.network import TextLearner, TextNetwork
from trainwright.models.text.transformer import TextTransformer


def gradients(*, twice: bool) -> tuple[dict[str, Tensor], int]:
    """Of every weight after one loss with dropout, and how often a layer was computed."""
    with alone(3):
        encoder = small_encoder(50, width=32, depth=2, limit=32, pad=0, dropout=0.2)
        module = TextNetwork(encoder, 32, 0, 2, 0.2).train()
        if twice:
            encoder.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        passes: list[Any] = []
        encoder.encoder.layer[0].attention.register_forward_hook(lambda *_: passes.append(1))
        ids = torch.randint(1, 50, (6, 12))
        batch = {"ids": ids, "mask": torch.ones_like(ids), "y": torch.tensor([0, 1, 0, 1, 1, 0])}
        torch.manual_seed(7)  # what dropout draws
        loss, _ = TextLearner(module, 2).loss(batch)
        loss.backward()
    found = {name: p.grad.clone() for name, p in module.named_parameters() if p.grad is not None}
    return found, len(passes)


def test_gradient_checkpointing_gives_an_encoder_the_same_gradients() -> None:
    kept, once = gradients(twice=False)
    again, passes = gradients(twice=True)
    assert (once, passes) == (1, 2)  # it really is computed again
    assert kept.keys() == again.keys() and any(name.startswith("encoder.") for name in kept)
    for name, gradient in kept.items():
        torch.testing.assert_close(again[name], gradient, rtol=1e-4, atol=1e-7)


def test_a_fine_tuning_learns_the_same_with_less_memory(base_folder: Path) -> None:
    texts, y = notes(60)
    settings = {"base_model": str(base_folder), "epochs": 2, "batch_size": 16, "precision": "fp32"}
    found, told = [], []
    for twice in (False, True):
        fitted = TextTransformer(TWO, settings | {"gradient_checkpointing": twice})
        fitted.fit(columns(texts), y, seed=1, report=told.append)
        found.append(fitted.predict(columns(texts)))
    torch.testing.assert_close(torch.from_numpy(found[1]), torch.from_numpy(found[0]), rtol=0, atol=2e-3)
    messages = [event["message"] for event in told]
    assert any(line.startswith("gradient_checkpointing: True") for line in messages)
    assert any(line.startswith("attention: sdpa (scaled_dot_product") for line in messages)
