"""The event files that TensorBoard reads, written without TensorBoard: records of a few protocol-buffer messages.

TensorBoard's own writer would bring gRPC, protobuf and a server into every process that trains. The messages are those
of `event.proto`, `summary.proto` and `tensor.proto` of the project; the records those of TFRecord: length, masked
CRC-32C of the length, bytes, masked CRC-32C of the bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from trainwright.track.pictures import Picture

_STRING = 7  # DT_STRING of types.proto
_GREY = 1  # the colour space of summary.proto


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)  # Castagnoli's polynomial, reversed
        table.append(byte)
    return table


_CRC = _table()


def record(data: bytes) -> bytes:
    """One record of the file."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", _masked(length)) + data + struct.pack("<I", _masked(data))


def opening(at: float) -> bytes:
    """The record every file begins with.

    Args:
        at: seconds since 1970.
    """
    return record(_double(1, at) + _bytes(3, b"brain.Event:2"))


def scalar(tag: str, step: int, value: float, at: float) -> bytes:
    """A point of a curve."""
    return _event(step, at, _text(1, tag) + _float(2, value))


def text(tag: str, step: int, words: str, at: float) -> bytes:
    """A piece of text, shown as Markdown."""
    metadata = _bytes(1, _text(1, "text"))
    tensor = _varint(1, _STRING) + _bytes(2, _bytes(2, _varint(1, 1))) + _text(8, words)
    return _event(step, at, _text(1, tag) + _bytes(8, tensor) + _bytes(9, metadata))


def histogram(tag: str, step: int, values: Sequence[float] | np.ndarray, at: float, *, bins: int = 30) -> bytes:
    """How values are spread; those that are no numbers are left out."""
    found = np.asarray(values, dtype=np.float64)
    found = found[np.isfinite(found)]
    counts, edges = np.histogram(found, bins=bins) if len(found) else (np.zeros(1), np.zeros(2))
    low, high = (float(found.min()), float(found.max())) if len(found) else (0.0, 0.0)
    total, squares = float(found.sum()), float((found**2).sum())
    body = _double(1, low) + _double(2, high) + _double(3, float(len(found))) + _double(4, total) + _double(5, squares)
    body += _bytes(6, struct.pack(f"<{len(counts)}d", *edges[1:])) + _bytes(7, struct.pack(f"<{len(counts)}d", *counts))
    return _event(step, at, _text(1, tag) + _bytes(5, body))


def image(tag: str, step: int, picture: Picture, at: float) -> bytes:
    """A picture."""
    body = _varint(1, picture.height) + _varint(2, picture.width) + _varint(3, _GREY) + _bytes(4, picture.png)
    return _event(step, at, _text(1, tag) + _bytes(4, body))


def _event(step: int, at: float, value: bytes) -> bytes:
    return record(_double(1, at) + _varint(2, step) + _bytes(5, _bytes(1, value)))


def _masked(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _number(value: int) -> bytes:
    """A varint; negative ones as 64 bits."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint(field: int, value: int) -> bytes:
    return _number(field << 3) + _number(value)


def _double(field: int, value: float) -> bytes:
    return _number(field << 3 | 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    # A double beyond the range of a float is infinite there.
    with np.errstate(over="ignore"):
        return _number(field << 3 | 5) + np.float32(value).tobytes()


def _bytes(field: int, value: bytes) -> bytes:
    return _number(field << 3 | 2) + _number(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())
