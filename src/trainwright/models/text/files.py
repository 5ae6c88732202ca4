"""An encoder's files: safetensors and JSON as transformers reads them, the same bytes for the same weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trainwright.models.storage import write_json
from trainwright.models.text.base import WEIGHTS

# Entries of a configuration that say where it came from and who wrote it, not what it is.
SCRUBBED = ("_name_or_path", "transformers_version")
LARGEST = 60_000.0  # what 16 bits hold, and some room


def write_encoder(encoder: nn.Module, folder: Path) -> None:
    """config.json and model.safetensors, in 16 bits where every weight fits into them."""
    from safetensors.torch import save

    config: Any = encoder.config
    facts = {name: value for name, value in config.to_dict().items() if name not in SCRUBBED}
    write_json(folder / "config.json", facts | {"architectures": [type(encoder).__name__]})
    tensors = {name: tensor.detach().cpu() for name, tensor in encoder.state_dict().items()}
    if fits(encoder):
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    (folder / WEIGHTS).write_bytes(save({name: t.contiguous() for name, t in tensors.items()}, {"format": "pt"}))


def round_weights(network: nn.Module) -> None:
    """Brings the encoder's weights to what 16 bits can say: the saved model answers as this one does from now on."""
    encoder = network.encoder
    assert isinstance(encoder, nn.Module)
    if not fits(encoder):
        return
    with torch.no_grad():
        # Only what is saved: tables of waves are computed anew, and must stay as they are.
        for tensor in encoder.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(tensor.half().float())


def fits(encoder: nn.Module) -> bool:
    """Whether every weight lies within the range of 16 bits."""
    return all(
        not tensor.is_floating_point() or not tensor.numel() or float(tensor.detach().abs().max()) < LARGEST
        for tensor in encoder.state_dict().values()
    )


def copied(network: Any) -> Any:
    """A network with weights of its own."""
    made = copy.deepcopy(network)
    for parameter in made.parameters():
        parameter.requires_grad_(True)
        parameter.grad = None
    return made
