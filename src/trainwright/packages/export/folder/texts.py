"""Texts to tokens, and tokens to vectors: asks the libraries tokenizers and onnxruntime, where a model reads texts."""

from __future__ import annotations

from typing import Any

import numpy as np

_LONGEST = 50_000  # characters that are read of one text
_TOKENS = 4096  # of one batch


def tokens(own: dict[str, Any], *texts: np.ndarray) -> list[list[int]]:
    """For each row the numbers of its tokens; texts of several columns one after the other, without empty ones."""
    if "opened" not in own:
        import tokenizers

        own["opened"] = tokenizers.Tokenizer.from_str(own["tokenizer"].decode("utf-8"))
        own["opened"].no_padding()
        own["opened"].no_truncation()
    rows = [[cell for (cell,) in column] for column in texts]
    whole = rows[0] if len(rows) == 1 else ["\n".join(cell for cell in row if cell) for row in zip(*rows)]
    limit, out = own["limit"], []
    for encoding in own["opened"].encode_batch([text[:_LONGEST] for text in whole]):
        ids = encoding.ids
        # A longer text keeps its beginning and the mark of its end.
        ids = ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]
        out.append(ids or [own["pad"]])
    return out


def padded(ids: list[list[int]], pad: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, length) token numbers, and (n, length) 1 at tokens and 0 at what fills up."""
    length = max((len(row) for row in ids), default=1)
    numbers, mask = np.full((len(ids), length), pad, dtype=np.int64), np.zeros((len(ids), length), dtype=np.int64)
    for at, row in enumerate(ids):
        numbers[at, : len(row)], mask[at, : len(row)] = row, 1
    return numbers, mask


def encoder(own: dict[str, Any], ids: list[list[int]]) -> np.ndarray:
    """(n, width) vectors; texts of like length are computed together."""
    if "opened" not in own:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        own["opened"] = onnxruntime.InferenceSession(own["encoder"], options, providers=["CPUExecutionProvider"])
    order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
    out, start = np.zeros((len(ids), 0)), 0
    while start < len(order):
        end = start + 1
        while end < len(order) and (end + 1 - start) * len(ids[order[end]]) <= _TOKENS:
            end += 1
        rows = order[start:end]
        numbers, mask = padded([ids[at] for at in rows], own["pad"])
        (found,) = own["opened"].run(None, {"ids": numbers, "mask": mask})
        out = out if out.shape[1] else np.zeros((len(ids), found.shape[1]))
        out[rows] = found
        start = end
    return out


OPERATIONS = {"tokens": tokens, "encoder": encoder}
