"""Language models as steps: tokens of a text, the vectors that an encoder makes of them, and what is on top.

The encoder becomes an ONNX file of its own, compared with torch as it is made; the rest are steps like any other.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from trainwright.data.columns import Layout
from trainwright.models.text.embedded import TextEmbedding
from trainwright.models.text.transformer import TextTransformer
from trainwright.packages.export.inputs import Inputs
from trainwright.packages.export.members.preparing import matrix

# Texts of different lengths, for the encoder is written and compared with them.
EXAMPLES = ("a word", "a sentence of a few more words than that")
CHECKS = ("one", "two, and then some more words; enough that a second line of it is read 1 2 3 4 5 6 7 8 9", "")


def embedded(model: Any, inputs: Inputs) -> Inputs:
    """The columns as the linear model of `text_embedding` reads them: numbers of the texts in place of the texts."""
    assert isinstance(model, TextEmbedding)
    if model.base is None or model.base.folder is None:
        return inputs
    from trainwright.models.gallery import gallery
    from trainwright.models.text.base import fingerprint
    from trainwright.models.text.encoder import open_encoder
    from trainwright.models.text.tokens import Tokens

    base, folder, layout = model.base, model.base.folder, inputs.layout
    known = gallery().get(base.gallery or base.name)
    origin = f"{base.name}, {known.licence} licence" if known is not None else base.name
    tokens = Tokens.of(folder, model._limit())
    kept = ("encoder", fingerprint(folder))
    made = inputs.steps.memory.setdefault(kept, None) or _encoder(open_encoder(folder), tokens)
    inputs.steps.memory[kept] = made
    vectors = [_vectors(inputs, tokens, [inputs.text(j)], made, origin) for j in range(len(layout.texts))]
    names = tuple(f"{name} {j}" for name in layout.texts for j in range(base.width))
    seen = Layout((*layout.numbers, *names), layout.categories, layout.times, (), layout.vocabulary, layout.single)
    return _Embedded(inputs, seen, vectors)


class _Embedded(Inputs):
    """Columns with further numbers behind their own."""

    def __init__(self, given: Inputs, layout: Layout, vectors: list[str]):
        super().__init__(given.steps, layout, given.schema)
        self._given, self._vectors = given, vectors

    def numbers(self) -> list[str]:
        """See `Inputs.numbers`."""
        return [self.steps.join([*self._given.numbers(), *self._vectors])]


def transformer(model: Any, inputs: Inputs) -> str:
    """The prediction of a fine-tuned language model."""
    assert isinstance(model, TextTransformer) and model.network is not None and model.tokens is not None
    steps = inputs.steps
    origin = f"fine-tuned from {model.derived.get('base_model', 'a base model')}"
    texts = [inputs.text(j) for j in range(len(inputs.layout.texts))]
    parts = [_vectors(inputs, model.tokens, texts, _encoder(model.network.encoder, model.tokens), origin)]
    if model.preparation.names:
        layout = inputs.layout
        others = Layout(layout.numbers, layout.categories, layout.times, (), layout.vocabulary, layout.single)
        parts.append(matrix(model.preparation, Inputs(steps, others, inputs.schema)))
    arrays = model.arrays()
    scores = steps.affine(steps.times(steps.join(parts), arrays["head"].T), shift=arrays["bias"])
    return steps.add("softmax", scores) if model._n_classes else steps.affine(scores, model.spread, model.shift)


def _vectors(inputs: Inputs, tokens: Any, texts: list[str], encoder: bytes, origin: str) -> str:
    """(n, width) what the encoder makes of the texts of one or several columns."""
    told = inputs.steps.add(
        "tokens", *texts, tokenizer=tokens._tokenizer.to_str().encode("utf-8"), limit=tokens.limit, pad=tokens.pad
    )
    return inputs.steps.add("encoder", told, encoder=encoder, pad=tokens.pad, origin=origin)


def _encoder(encoder: Any, tokens: Any) -> bytes:
    """An ONNX file that takes `ids` and `mask` of any number of texts and gives `output`, their vectors.

    Raises:
        EnvironmentProblem: the libraries that write and run ONNX are absent.
        TrainwrightError: the encoder cannot be written, or the file answers otherwise.
    """
    from torch import nn

    from trainwright.engine.export import to_onnx
    from trainwright.models.text.encoder import pooled

    class Vectors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, ids: Any, mask: Any) -> Any:
            return pooled(self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask)

    with TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        to_onnx(Vectors().eval(), _batch(tokens, EXAMPLES), path, checks=[_batch(tokens, CHECKS)])
        return path.read_bytes()


def _batch(tokens: Any, texts: tuple[str, ...]) -> Any:
    import torch

    from trainwright.models.text.batches import Shape, filled

    ids = tokens.encode(list(texts)).ids
    shape = Shape(np.arange(len(ids)), len(ids), max(2, *(len(row) for row in ids)))
    given = filled(shape, ids, tokens.pad)
    return {name: torch.from_numpy(part) for name, part in zip(("ids", "mask"), given)}
