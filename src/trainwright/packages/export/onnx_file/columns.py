"""The columns of a table as inputs of an ONNX graph, and what is read from them."""

from __future__ import annotations

import numpy as np

from trainwright.packages.export.onnx_file.writer import ML, Writer
from trainwright.packages.export.steps import Step

COLUMNS = ("number", "boolean", "category", "moment")
MISSING, UNSEEN = 1, 0


def read(writer: Writer, step: Step, name: str) -> str:
    """What a step reads from the input with this name: (n, 1) numbers or places.

    Numbers, booleans (1 and 0) and moments (seconds since 1970) come as doubles, NaN for missing; categories as
    strings, "" and the usual marks for missing.
    """
    if step.operation == "category":
        return _places(writer, step, name)
    value = name
    if step.operation == "number" and step.values["single"]:
        value = writer.cast(writer.cast(value, "FLOAT"), "DOUBLE")
    nan = writer.constant(np.nan)
    if step.operation == "boolean":
        one, zero = writer.constant(1.0), writer.constant(0.0)
        known = writer.node("Where", writer.node("Equal", value, zero), zero, nan)
        return writer.node("Where", writer.node("Equal", value, one), one, known)
    return writer.node("Where", writer.node("IsInf", value), nan, value)


def _places(writer: Writer, step: Step, name: str) -> str:
    """(n, 1) places of texts: 0 unseen, 1 missing, then the known values."""
    known = {value: at for at, value in enumerate(step.values["vocabulary"], start=2)}
    for mark in step.values["marks"]:
        for spelt in (mark, mark.upper(), mark.title()):
            known.setdefault(spelt, MISSING)
    return writer.node(
        "LabelEncoder",
        name,
        domain=ML,
        keys_strings=list(known),
        values_int64s=list(known.values()),
        default_int64=UNSEEN,
    )
