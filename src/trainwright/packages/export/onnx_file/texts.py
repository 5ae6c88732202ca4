"""Encoders of texts within an ONNX graph, which takes their tokens as inputs: ONNX has no operators that make them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainwright.packages.export.onnx_file.writer import Writer
from trainwright.packages.export.pipeline import Pipeline
from trainwright.packages.export.steps import Step

IDS, MASK, FILE = "input_ids", "attention_mask", "tokenizer"


@dataclass(frozen=True)
class Tokens:
    """Tokens that a graph takes.

    Args:
        step: which makes them in the steps.
        ids, mask: names of the inputs.
        file: of the tokenizer beside the graph.
        columns: the steps that read the texts.
    """

    step: Step
    ids: str
    mask: str
    file: str
    columns: tuple[Step, ...]

    @property
    def facts(self) -> dict[str, Any]:
        """What whoever makes them must know."""
        values = {name: self.step.values[name] for name in ("limit", "pad")}
        columns = [{name: _listed(value) for name, value in step.values.items()} for step in self.columns]
        return {"ids": self.ids, "mask": self.mask, "file": self.file, "columns": columns, **values}


def tokens_of(pipeline: Pipeline) -> dict[str, Tokens]:
    """The tokens by the value that holds them, in the order of the steps; inputs have names that no column has."""
    made = {step.output: step for step in pipeline.steps}
    taken, files, out = set(pipeline.layout.names), list[bytes](), dict[str, Tokens]()
    for step in pipeline.steps:
        if step.operation != "tokens":
            continue
        number = 1
        while {_numbered(IDS, number), _numbered(MASK, number)} & taken:
            number += 1
        ids, mask = _numbered(IDS, number), _numbered(MASK, number)
        taken |= {ids, mask}
        if step.values["tokenizer"] not in files:
            files.append(step.values["tokenizer"])
        file = f"{_numbered(FILE, files.index(step.values['tokenizer']) + 1)}.json"
        out[step.output] = Tokens(step, ids, mask, file, tuple(made[value] for value in step.inputs))
    return out


def encoder(writer: Writer, own: dict[str, Any], tokens: Tokens) -> str:
    """(n, width) vectors as doubles."""
    import onnx

    found = writer.merged(onnx.load_from_string(own["encoder"]), {"ids": tokens.ids, "mask": tokens.mask})
    return writer.cast(found, "DOUBLE")


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}_{number}"


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
