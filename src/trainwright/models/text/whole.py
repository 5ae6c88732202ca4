"""Says which files of a base model's folder were cut short, without reading the weights: before any work starts."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path

# The longest header that the safetensors format allows.
LONGEST_HEADER = 100_000_000


def cut_short(weights: Path) -> str:
    """What is wrong with a safetensors file by its header and its size, in words; "" where nothing is.

    The file begins with the header's length (8 bytes, little-endian), then the header, whose `data_offsets` say where
    the last tensor ends (https://huggingface.co/docs/safetensors).

    Args:
        weights: the file.
    """
    size = weights.stat().st_size
    with weights.open("rb") as file:
        begin = file.read(8)
        length = struct.unpack("<Q", begin)[0] if len(begin) == 8 else 0
        if length == 0 or length > LONGEST_HEADER:
            return "it does not begin as a safetensors file does"
        text = file.read(length)
    if len(text) < length:
        return f"it has {size:,} bytes, fewer than its header alone"
    try:
        header = json.loads(text)
        ends = [tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__"]
        whole = 8 + length + max(ends, default=0)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        return "its header cannot be read"
    return "" if size == whole else f"it has {size:,} bytes instead of {whole:,}"


def unfinished_json(path: Path) -> str:
    """What is wrong with the end of a JSON file, in words; "" where it ends as an object does, or is not there.

    The end alone is read: a tokenizer may have many megabytes.
    """
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 64))
        tail = file.read().rstrip()
    return "" if tail.endswith(b"}") else f"it ends in the middle, after {size:,} bytes"
