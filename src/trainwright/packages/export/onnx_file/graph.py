"""A whole model as one ONNX graph: columns in by their names, probabilities and label (or the number) out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from trainwright.errors import UserError
from trainwright.packages.export.onnx_file import columns, network, texts
from trainwright.packages.export.onnx_file.catboost_trees import catboost
from trainwright.packages.export.onnx_file.forest import of_arrays, tree_ensemble
from trainwright.packages.export.onnx_file.lightgbm_trees import lightgbm
from trainwright.packages.export.onnx_file.operations import OPERATIONS as PLAIN
from trainwright.packages.export.onnx_file.writer import ML, ML_OPSET, Writer
from trainwright.packages.export.onnx_file.xgboost_trees import xgboost
from trainwright.packages.export.pipeline import Pipeline
from trainwright.packages.export.steps import Step
from trainwright.packages.outputs import typed_labels

IR_VERSION = 10  # what ai.onnx.ml 5 came with
OPERATIONS = {**PLAIN, **network.OPERATIONS}
LIMIT = 2_000_000_000  # bytes that one protobuf file can hold
_MODELS: dict[str, Callable[[Writer, dict[str, Any], list[str]], str]] = {
    "trees": lambda writer, own, inputs: tree_ensemble(writer, of_arrays(own), inputs[0], each=own["each"]),
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
}


def onnx_model(pipeline: Pipeline, name: str, writer_version: str) -> Any:
    """The model as `onnx.ModelProto`; the same pipeline gives the same bytes.

    Args:
        pipeline: what is written.
        name: the name of the graph, such as "adult@v2".
        writer_version: the version of trainwright, noted in the file.

    Raises:
        UserError: a step cannot be expressed; it names the member, the column and what to do.
    """
    from onnx import TensorProto, helper

    kinds = {step.values["column"]: step.operation for step in pipeline.steps if step.operation in columns.COLUMNS}
    tokens = texts.tokens_of(pipeline)
    read = {step.values["column"] for one in tokens.values() for step in one.columns}
    kinds = {column: kinds.get(column, _kind(pipeline, column)) for column in pipeline.layout.names}
    kinds = {column: kind for column, kind in kinds.items() if column not in read}
    writer = Writer({*kinds, *(name for one in tokens.values() for name in (one.ids, one.mask))})
    rows = next(iter(kinds), None) or next(one.ids for one in tokens.values())
    made: dict[str, str] = {}
    words: dict[str, Step] = {}  # texts, which only tokens can be made of
    for step in pipeline.steps:
        if step.operation == "text":
            words[step.output] = step
        elif step.operation == "encoder":
            made[step.output] = texts.encoder(writer, step.values, tokens[step.inputs[0]])
        elif step.operation != "tokens":
            _refuse_words(step, words)
            made[step.output] = _written(writer, step, [made[value] for value in step.inputs], rows)
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["rows", "tokens" + name.removeprefix(start)])
        for one in tokens.values()
        for name, start in ((one.ids, texts.IDS), (one.mask, texts.MASK))
    ]
    inputs += [
        helper.make_tensor_value_info(
            column, TensorProto.STRING if kind == "category" else TensorProto.DOUBLE, ["rows", 1]
        )
        for column, kind in kinds.items()
    ]
    outputs = _outputs(writer, pipeline, made[pipeline.output])
    graph = helper.make_graph(writer.nodes, name, inputs, outputs, writer.initializers)
    model = helper.make_model(
        graph,
        producer_name="trainwright",
        producer_version=writer_version,
        opset_imports=[helper.make_opsetid("", writer.opset), helper.make_opsetid(ML, ML_OPSET)],
        ir_version=IR_VERSION,
    )
    facts: dict[str, Any] = {"columns": kinds, "target": pipeline.target.to_json(), "threshold": pipeline.threshold}
    if pipeline.costs is not None:
        facts["costs"] = pipeline.costs
    if tokens:
        facts |= _for_script(pipeline, kinds) | {"tokens": [one.facts for one in tokens.values()]}
    if pipeline.left_out:
        facts["left_out"] = list(pipeline.left_out)
    helper.set_model_props(model, {"trainwright": json.dumps(facts, ensure_ascii=False, sort_keys=True)})
    if model.ByteSize() > LIMIT:
        raise UserError(
            f"the ONNX file would take {model.ByteSize() / 1e6:,.0f} MB; one file holds at most {LIMIT / 1e6:,.0f} MB",
            remedy="train a smaller version (--max-size), or use --format folder",
        )
    return model


def output_names(pipeline: Pipeline) -> list[str]:
    """The outputs of the graph: label and probabilities, or the prediction of a number; an underscore is added where a
    column has the name already."""
    names = ["label", "probabilities"] if pipeline.target.task == "classes" else ["prediction"]
    return [_free(name, set(pipeline.layout.names)) for name in names]


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}_", taken)


def _kind(pipeline: Pipeline, column: str) -> str:
    """What a column is that no step reads."""
    layout = pipeline.layout
    return "category" if column in layout.categories + layout.texts else "number"


def _for_script(pipeline: Pipeline, kinds: dict[str, str]) -> dict[str, Any]:
    """What the script beside a graph that reads texts must know of the cells of a table, and of the answers."""
    read = {step.values["column"]: step for step in pipeline.steps if step.operation in columns.COLUMNS}
    cells = {}
    for name, kind in kinds.items():
        own = read[name].values if name in read else {}
        cells[name] = {"operation": kind, "marks": list(own.get("marks", ())), "format": own.get("format", "")}
    return {"cells": cells, "layout": list(pipeline.layout.names), **pipeline.answers()}


def _refuse_words(step: Step, words: dict[str, Step]) -> None:
    """Refuses a step that reads the words of a text.

    Raises:
        UserError: with the member and the column.
    """
    for value in step.inputs:
        if value in words:
            column = words[value].values["column"]
            raise UserError(
                f"{step.member} cannot be written as ONNX: it reads the words of the free text in column "
                f"{column!r}, which ONNX has no operators for",
                remedy=f"use --format folder or mlflow, or train without the column (--ignore {column})",
            )


def _written(writer: Writer, step: Step, inputs: list[str], rows: str) -> str:
    """The nodes of a step; `rows` is an input of the graph, which has as many rows as the answer."""
    if step.operation in columns.COLUMNS:
        return columns.read(writer, step, step.values["column"])
    if step.operation == "constant":
        count = writer.node("Concat", writer.node("Shape", rows, end=1), writer.numbers(1), axis=0)
        return writer.node("Expand", writer.constant(np.asarray(step.values["values"])[None, :]), count)
    if step.operation in OPERATIONS:
        return OPERATIONS[step.operation](writer, step.values, inputs)
    if step.operation in _MODELS:
        try:
            return _MODELS[step.operation](writer, step.values, inputs)
        except UserError as error:
            raise UserError(f"{step.member} cannot be written as ONNX: {error.problem}", remedy=_REMEDY) from None
    raise UserError(
        f"{step.member} cannot be written as ONNX: its step {step.operation!r} has no counterpart there", remedy=_REMEDY
    )


_REMEDY = "use --format folder or mlflow, or train with --families lightgbm,linear"


def _outputs(writer: Writer, pipeline: Pipeline, value: str) -> list[Any]:
    """The outputs that users see, and what they are."""
    from onnx import TensorProto, helper

    names, target = output_names(pipeline), pipeline.target
    if target.task == "number":
        writer.named(value, names[0])
        return [helper.make_tensor_value_info(names[0], TensorProto.DOUBLE, ["rows", 1])]
    if target.n_outputs == 2:
        positive = target.positive_index
        own = writer.flat(writer.node("Gather", value, writer.numbers(positive), axis=1))
        reached = writer.node("GreaterOrEqual", own, writer.constant(pipeline.threshold))
        chosen = writer.node("Where", reached, writer.numbers(positive), writer.numbers(1 - positive))
    elif pipeline.costs is not None:
        expected = writer.node("MatMul", value, writer.constant(pipeline.costs))
        chosen = writer.node("ArgMin", expected, axis=1, keepdims=0)
    else:
        chosen = writer.node("ArgMax", value, axis=1, keepdims=0)
    whole = target.numeric_labels == "int"
    labels = np.array(typed_labels(target) if whole else list(target.classes), dtype=np.int64 if whole else object)
    label = writer.node("Gather", writer.constant(labels, labels.dtype), chosen, axis=0)
    writer.named(label, names[0])
    writer.named(value, names[1])
    kind = TensorProto.INT64 if whole else TensorProto.STRING
    return [
        helper.make_tensor_value_info(names[0], kind, ["rows"]),
        helper.make_tensor_value_info(names[1], TensorProto.DOUBLE, ["rows", target.n_outputs]),
    ]
