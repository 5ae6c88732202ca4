"""Collects ONNX nodes and constants; names are made up here and never meet the names of columns."""

from __future__ import annotations

from typing import Any

import numpy as np

ML = "ai.onnx.ml"
# Ranges of operators: 18 and 5 are read by ONNX Runtime from 1.20 on; 5 brings trees in double precision.
OPSET, ML_OPSET = 18, 5


class Writer:
    """The nodes of a graph in order.

    Args:
        taken: names that no value of ours may have.
    """

    def __init__(self, taken: set[str]):
        prefix = "tw"
        while any(name.startswith(f"{prefix}/") for name in taken):
            prefix += "_"
        self._prefix = prefix
        self._count = 0
        self._constants: dict[Any, str] = {}
        self.opset = OPSET
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def node(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """Adds a node and returns the name of its first output."""
        return self.nodes_of(kind, *inputs, outputs=1, domain=domain, **attributes)[0]

    def nodes_of(self, kind: str, *inputs: str, outputs: int, domain: str = "", **attributes: Any) -> list[str]:
        """Adds a node of several outputs and returns their names."""
        from onnx import helper

        names = [self._name() for _ in range(outputs)]
        given = {name: value for name, value in attributes.items() if value is not None}
        self.nodes.append(helper.make_node(kind, list(inputs), names, domain=domain, **given))
        return names

    def named(self, value: str, name: str) -> None:
        """Gives a value a name that users see."""
        from onnx import helper

        self.nodes.append(helper.make_node("Identity", [value], [name]))

    def constant(self, array: Any, dtype: Any = np.float64) -> str:
        """The name of a constant; an equal one is stored once."""
        from onnx import numpy_helper

        array = np.ascontiguousarray(np.asarray(array, dtype=dtype)).reshape(np.shape(array))
        key = (str(array.dtype), array.shape, array.tobytes() if array.dtype != object else tuple(array.ravel()))
        if key not in self._constants:
            self._constants[key] = self._name()
            self.initializers.append(numpy_helper.from_array(array, self._constants[key]))
        return self._constants[key]

    def numbers(self, *values: int) -> str:
        """A constant of whole numbers, as shapes and axes are given."""
        return self.constant(np.array(values), np.int64)

    def cast(self, value: str, kind: str) -> str:
        """The value as "DOUBLE", "FLOAT" or "INT64"."""
        from onnx import TensorProto

        return self.node("Cast", value, to=getattr(TensorProto, kind))

    def merged(self, model: Any, given: dict[str, str]) -> str:
        """Takes up the nodes of a whole model of one output, and returns that output's name.

        Args:
            model: `onnx.ModelProto` without functions of its own.
            given: its inputs -> names of values that are there.
        """
        graph, start = model.graph, self._name()
        names = {"": "", **given}

        def renamed(name: str) -> str:
            return names.setdefault(name, f"{start}/{name}")

        for initializer in graph.initializer:
            initializer.name = renamed(initializer.name)
            self.initializers.append(initializer)
        for node in graph.node:
            node.input[:] = [renamed(name) for name in node.input]
            node.output[:] = [renamed(name) for name in node.output]
            node.name = ""
            self.nodes.append(node)
        own = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
        self.opset = max(self.opset, *own)
        return renamed(graph.output[0].name)

    def flat(self, places: str) -> str:
        """(n, 1) to (n,)."""
        return self.node("Reshape", places, self.numbers(-1))

    def _name(self) -> str:
        self._count += 1
        return f"{self._prefix}/{self._count}"
