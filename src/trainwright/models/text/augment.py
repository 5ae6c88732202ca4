"""Training texts a little different each time they are seen: tokens left out, neighbours that change places.

After Wei & Zou 2019, "EDA: easy data augmentation techniques" (random deletion, random swap), on tokens and anew at
each step, so that it costs no time and no further rows. Nothing else ever sees such a text.
"""

from __future__ import annotations

import torch
from torch import Tensor


def augmented(ids: Tensor, mask: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Other token numbers and another mask for a batch; drawn from torch's generator, which the loop seeds and keeps.

    The first token and the last one of each text, which mark its beginning and end, stay.

    Args:
        ids: (n, tokens) token numbers.
        mask: (n, tokens) 1 at tokens, 0 behind them.
        share: of the tokens that are left out, and of the pairs of neighbours that change places.

    Example:
        >>> ids, mask = torch.tensor([[1, 5, 6, 7, 2, 0]]), torch.tensor([[1, 1, 1, 1, 1, 0]])
        >>> [part.tolist() for part in augmented(ids, mask, 0.0)]
        [[[1, 5, 6, 7, 2, 0]], [[1, 1, 1, 1, 1, 0]]]
    """
    followed = torch.zeros_like(mask, dtype=torch.bool)
    followed[:, 1:-1] = mask[:, 2:] == 1  # neither the first nor the last token of its text
    changed = _swapped(ids, followed, share)
    left_out = followed & (torch.rand(mask.shape, device=mask.device) < share)
    return changed, mask * (~left_out).to(mask.dtype)


def _swapped(ids: Tensor, inner: Tensor, share: float) -> Tensor:
    """Some neighbours in each other's place; pairs begin at odd or at even places, so that none overlap."""
    first = 1 + int(torch.randint(2, ()))
    at = torch.arange(first, ids.shape[1] - 1, 2, device=ids.device)
    swap = inner[:, at] & inner[:, at + 1] & (torch.rand((len(ids), len(at)), device=ids.device) < share)
    left, right = ids[:, at], ids[:, at + 1]
    changed = ids.clone()
    changed[:, at], changed[:, at + 1] = torch.where(swap, right, left), torch.where(swap, left, right)
    return changed
