"""Names tables and rows by what they hold: a content hash of a table and a key for each row.

Both are defined on values alone, so they stay the same over releases, library versions and platforms.
Equal values hash alike however they are stored: 1 as Int64, Float32 or Float64, and -0.0 as 0.0. (0.1 as
Float32 is a different number from 0.1 as Float64, and hashes differently.) Missing values hash alike among
strings, and among everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, sha256

import numpy as np
import polars as pl

from trainwright.data.convert import flatten
from trainwright.data.schema import Schema

_EXACT = 2**53  # whole numbers up to here are exact as float64
_MISSING_NUMBER = np.uint64(0x7FF8000000000000)  # the canonical NaN
_MISSING_TEXT = np.uint64(0x9E6C63D0876A9A35)
_LARGE = np.uint64(0xD1B54A32D192ED03)  # tells whole numbers beyond 2**53 from the bits of a float
_CHUNK = 100_000


def content_hash(frame: pl.DataFrame, schema: Schema) -> str:
    """SHA-256 over the names, kinds and values of the schema's columns, as 64 hexadecimal digits.

    Args:
        frame: (n, p) the rows, cast to the schema's kinds.
        schema: which columns, in which order.

    Example:
        >>> from trainwright.data.schema import Column, Kind
        >>> schema = Schema((Column("a", Kind.NUMBER),))
        >>> whole, real = pl.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1.0, 2.0]})
        >>> content_hash(whole, schema) == content_hash(real, schema)
        True
    """
    digest = sha256(b"trainwright table 1\n")
    digest.update(frame.height.to_bytes(8, "little"))
    for column in schema.columns:
        name = column.name.encode()
        digest.update(len(name).to_bytes(4, "little") + name + column.kind.value.encode() + b"\n")
        values, _ = flatten(frame[column.name])
        if values.dtype == pl.String:
            lengths = values.str.len_bytes().cast(pl.Int64).fill_null(-1).to_numpy()
            digest.update(b"text" + np.ascontiguousarray(lengths, dtype="<i8").data)
            for start in range(0, values.len(), _CHUNK):
                part = values.slice(start, _CHUNK).fill_null("")
                digest.update(part.str.join("").item().encode())
        else:
            digest.update(b"bits" + np.ascontiguousarray(_bits(values), dtype="<u8").data)
    return digest.hexdigest()


def row_keys(frame: pl.DataFrame, names: Sequence[str]) -> np.ndarray:
    """One hash per row of the values of these columns.

    Rows with equal values in these columns have equal keys. Among 10 million different rows the chance that
    any two share a key is below 3 in a million (birthday bound, n^2 / 2^65).

    Args:
        frame: (n, p) the rows, cast to their schema's kinds.
        names: the columns, in an order that must stay the same.

    Returns:
        (n,) uint64.

    Example:
        >>> keys = row_keys(pl.DataFrame({"a": ["x", "y", "x"]}), ["a"])
        >>> bool(keys[0] == keys[2]), bool(keys[0] == keys[1])
        (True, False)
    """
    keys = np.full(frame.height, np.uint64(0x243F6A8885A308D3), dtype=np.uint64)
    for name in names:
        values, _ = flatten(frame[name])
        keys = _mix(keys ^ (_texts(values) if values.dtype == pl.String else _bits(values)))
    return keys


def _mix(x: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators")."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x


def _bits(values: pl.Series) -> np.ndarray:
    """(n,) uint64: the bits of each value as a float64; moments as whole microseconds; missing as one NaN."""
    missing = values.is_null().to_numpy()
    if values.dtype.is_temporal():
        values = values.cast(pl.Datetime("us")).cast(pl.Int64)
    if values.dtype == pl.Null:
        return np.full(values.len(), _MISSING_NUMBER, dtype=np.uint64)
    numbers = values.cast(pl.Float64).fill_null(0.0).to_numpy() + 0.0  # + 0.0 turns -0.0 into 0.0
    bits = numbers.view(np.uint64).copy()
    if values.dtype.is_integer():
        whole = values.cast(pl.Int64, strict=False)
        large = (whole.is_null() | (whole > _EXACT) | (whole < -_EXACT)).fill_null(True).to_numpy() & ~missing
        if large.any():  # such neighbours share a float64; their own bits tell them apart
            raw = values.fill_null(0).to_numpy().astype(np.uint64, copy=False)
            bits[large] = _mix(raw[large] ^ _LARGE)
    bits[np.isnan(numbers) | missing] = _MISSING_NUMBER
    return bits


def _texts(values: pl.Series) -> np.ndarray:
    """(n,) uint64: BLAKE2b of each different string, once."""
    distinct = values.drop_nulls().unique()
    hashes = np.fromiter(
        (int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") for text in distinct.to_list()),
        dtype=np.uint64,
        count=distinct.len(),
    )
    if distinct.len() == 0:
        return np.full(values.len(), _MISSING_TEXT, dtype=np.uint64)
    found = values.replace_strict(distinct, pl.Series(hashes), default=None, return_dtype=pl.UInt64)
    missing = values.is_null()
    out = found.fill_null(0).to_numpy().copy()
    out[missing.to_numpy()] = _MISSING_TEXT
    return out
