"""Pictures for TensorBoard: a confusion matrix in shades of grey, as a PNG file that the standard library writes."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CELL, WIDEST = 32, 512  # pixels of a cell and, with many classes, of the whole


@dataclass(frozen=True)
class Picture:
    """A picture in shades of grey.

    Args:
        png: its file.
        width, height: pixels.
    """

    png: bytes
    width: int
    height: int


def confusion_picture(matrix: Sequence[Sequence[float]]) -> Picture:
    """A square of cells, a row for each true class and a column for each that was said.

    Args:
        matrix: (classes, classes) rows of each true class that were said to be of each class.

    Returns:
        The picture: the larger its share of the true class, the darker the cell; white is none, black is all.
    """
    counts = np.asarray(matrix, dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1.0)
    grey = np.round(255 * (1 - shares)).astype(np.uint8)
    size = max(1, min(CELL, WIDEST // len(grey)))
    return _picture(grey.repeat(size, axis=0).repeat(size, axis=1))


def _picture(grey: np.ndarray) -> Picture:
    """The PNG file of (height, width) shades, by its specification (ISO/IEC 15948): a header, the rows compressed, each
    after the number of its filter (none), and an end."""
    height, width = grey.shape
    header = struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)  # 8 bits of grey, nothing interlaced
    rows = np.hstack([np.zeros((height, 1), dtype=np.uint8), grey]).tobytes()
    parts = [_part(b"IHDR", header), _part(b"IDAT", zlib.compress(rows)), _part(b"IEND", b"")]
    return Picture(b"\x89PNG\r\n\x1a\n" + b"".join(parts), width, height)


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
