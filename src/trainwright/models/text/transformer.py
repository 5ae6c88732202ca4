"""A language model fine-tuned by the training loop, or a small one from scratch; further columns join at the head.

Fine-tuning begins with a head that was solved on the frozen base model's vectors (Kumar et al. 2022, "Fine-tuning can
distort pretrained features": a head of chance would first spoil what the base knows), then every layer learns, lower
ones less. At the end all weights are rounded to 16 bits, so that what is judged is what is saved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.models.extras import require
from trainwright.models.linear_learning import Strengths, fit_linear
from trainwright.models.prepare.preparation import Matrix, Recipe
from trainwright.models.prepared import PreparedEstimator
from trainwright.models.selected import View
from trainwright.models.spec import Report
from trainwright.models.storage import read_json, write_json
from trainwright.models.text.base import Base, fingerprint, resolve
from trainwright.models.text_transformer import FINE_TUNING, FROM_SCRATCH, SPEC

if TYPE_CHECKING:
    from trainwright.engine.batches import Ragged
    from trainwright.engine.settings import EngineSettings
    from trainwright.models.text.network import TextNetwork
    from trainwright.models.text.tokens import Tokens

# How firmly the first head is held: vectors have a spread of one in each direction.
HEAD_STRENGTH = 0.05
FIRST_HEAD_ROWS = 20_000
CURVE_POINTS = 100
PASSED = (
    "epochs", "batch_size", "optimizer", "scheduler", "warmup_ratio", "step_size", "gamma", "momentum", "weight_decay",
    "gradient_clip", "early_stopping", "patience", "min_delta", "precision", "gradient_checkpointing", "device",
)  # fmt: skip


@dataclass(frozen=True)
class TextRows(Matrix):
    """Prepared rows with their texts."""

    texts: np.ndarray | None = None

    @property
    def width(self) -> int:
        """Number of columns, the texts as one."""
        return self.dense.shape[1] + 1


class TextTransformer(PreparedEstimator):
    """A network over texts and prepared columns; see `SPEC`."""

    spec = SPEC
    grows = True
    recipe = Recipe(scale=True, clip=0.001, cyclic=True, one_hot_up_to=20, max_terms=0)
    network: TextNetwork | None = None
    tokens: Tokens | None = None
    shift: float = 0.0  # of a number, and its spread
    spread: float = 1.0

    report: Report | None = None  # while it learns
    _base: Base | None = None

    def fit(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> TextTransformer:
        """See `Estimator.fit`."""
        self.report, self.network, self.curve = report, None, None
        options: dict[str, Any] = {"validation": validation, "seed": seed, "threads": threads}
        try:
            super().fit(X, y, sample_weight=sample_weight, **options)
        finally:
            self.report = self._base = None
        return self

    # What PreparedEstimator asks for.

    def _first_matrix(self, X: Columns, y: np.ndarray, weight: np.ndarray | None, seed: int) -> Matrix:
        return TextRows(super()._first_matrix(self._others(X), y, weight, seed).dense, None, X.units, X.texts)

    def _matrix(self, X: Columns) -> Matrix:
        return TextRows(super()._matrix(self._others(X)).dense, None, None, X.texts)

    def _others(self, X: Columns) -> Columns:
        """The rows without their texts, or without any column where none is wanted."""
        layout = X.layout
        kept = (*layout.numbers, *layout.categories, *layout.times) if self.chosen["columns"] else ()
        return View(layout, kept).of(X)

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """See `PreparedEstimator.learn`; without a text column there is nothing to learn."""
        assert isinstance(Z, TextRows) and Z.texts is not None
        if not Z.texts.shape[1]:
            return False
        require([SPEC])
        base = resolve(str(self.chosen["base_model"]))
        from trainwright.engine.randomness import alone

        if not self._n_classes:
            self.shift, self.spread = float(self.prior[0]), float(np.std(y)) or 1.0
        with alone(self.seed, threads=self.threads):
            self._open(base, Z)
            facts = self._train(Z, self._scaled(y), weight, None if held is None else (held[0], self._scaled(held[1])))
        self.derived |= {"base_model": base.place, **facts}
        if base.folder is not None:
            self.derived["base_sha256"] = fingerprint(base.folder)
        return True

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        from trainwright.engine.randomness import alone
        from trainwright.models.text.encoder import answers, numbers_for
        from trainwright.models.text.tokens import joined

        assert isinstance(Z, TextRows) and Z.texts is not None and self.tokens is not None and self.network is not None
        ids = self.tokens.encode(joined(Z.texts)).ids
        extra = Z.dense.astype(np.float32) if Z.dense.shape[1] else None
        with alone(0, threads=self.threads):
            network = self.network.eval()
            numbers = numbers_for(network, precision=self._answering(), device="auto")
            network.to(numbers.device)
            scores = answers(network, ids, pad=self.tokens.pad, numbers=numbers, extra=extra)
        if not self._n_classes:
            return scores[:, 0].astype(np.float64) * self.spread + self.shift
        raised = np.exp(scores.astype(np.float64) - scores.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        assert self.network is not None
        head = self.network.head
        weight, bias = head.weight.detach().cpu().numpy(), head.bias.detach().cpu().numpy()
        return {"head": weight, "bias": bias, "scale": np.array([self.shift, self.spread])}

    def restore_arrays(self, arrays: dict[str, Any], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        from trainwright.models.linear import check_shape

        outputs = self._n_classes or 1
        check_shape("bias", arrays["bias"], (outputs,))
        check_shape("scale", arrays["scale"], (2,))
        self._head = arrays["head"], arrays["bias"]
        self.shift, self.spread = (float(value) for value in arrays["scale"])

    def save(self, folder: Path) -> None:
        """See `Estimator.save`: the encoder as transformers reads it, the tokenizer, and the rest as ever."""
        super().save(folder)
        if self.is_constant:
            return
        from trainwright.models.text.files import write_encoder

        assert self.network is not None and self.tokens is not None
        write_encoder(self.network.encoder, folder)
        self.tokens.save(folder)
        write_json(folder / "text.json", {"limit": self.tokens.limit, "width": self.network.width})

    @classmethod
    def load(cls, folder: Path, target: Target) -> TextTransformer:
        """See `Estimator.load`."""
        model = super().load(folder, target)
        assert isinstance(model, cls)
        if not model.is_constant:
            model._read(folder)
        return model

    def more(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        rounds: int | None = None,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> TextTransformer | None:
        """See `Estimator.more`: every weight learns on, and the head grows for classes of the target that are new."""
        if self.is_constant or self.network is None:
            return None
        from trainwright.engine.randomness import alone
        from trainwright.models.text.files import copied

        grown = TextTransformer(self.target, dict(self.settings))
        grown.chosen = dict(self.chosen) | ({} if rounds is None else {"epochs": rounds})
        grown.seed, grown.threads, grown.report = seed, threads, report
        grown.preparation, grown.tokens, grown.is_constant = self.preparation, self.tokens, False
        grown.shift, grown.spread, grown.prior, grown.present = self.shift, self.spread, self.prior, self.present
        before = self.iterations or 0
        with alone(seed, threads=threads):
            grown.network = copied(self.network)
            if self._n_classes:
                grown._set_target(y, sample_weight)  # the shares of the classes
                present = np.union1d(self.present, grown.present)
                prior = np.zeros(len(present))
                prior[np.searchsorted(present, grown.present)] = grown.prior
                grown.present, grown.prior = present, prior
                y = np.searchsorted(present, y)
            Z = grown._matrix(X)
            assert isinstance(Z, TextRows)
            if len(grown.present) > len(self.present):
                grown.network.grow(np.searchsorted(grown.present, self.present), len(grown.present))
                grown._solve_head(grown._of_own, Z, y, sample_weight)
            held = None if validation is None else grown._held(validation)
            held = None if held is None else (held[0], grown._scaled(held[1]))
            facts = grown._train(Z, grown._scaled(y), sample_weight, held)
        grown.derived = {**self.derived, **facts, "learned_on_from": before}
        grown.iterations = before + (grown.iterations or 0)
        return grown

    # The training.

    def _open(self, base: Base, Z: TextRows) -> None:
        """Network and tokens; within `alone`, for new weights are drawn."""
        from trainwright.models.text.encoder import open_encoder, small_encoder
        from trainwright.models.text.network import TextNetwork
        from trainwright.models.text.tokens import Tokens, joined

        chosen, extra = self.chosen, Z.dense.shape[1]
        dropout, limit = float(chosen["dropout"]), int(chosen["max_tokens"])
        if base.folder is None:
            assert Z.texts is not None
            self.tokens = Tokens.learn(joined(Z.texts), int(chosen["vocabulary"]), limit)
            width = int(chosen["width"]) // 32 * 32
            encoder = small_encoder(
                self.tokens.size,
                width=width,
                depth=int(chosen["depth"]),
                limit=limit,
                pad=self.tokens.pad,
                dropout=dropout,
            )
        else:
            self.tokens, width = Tokens.of(base.folder, min(limit, base.limit)), base.width
            encoder = open_encoder(base.folder, dropout=dropout)
        self.network = TextNetwork(encoder, width, extra, self._n_classes or 1, dropout)
        self._base = base

    def _train(
        self, Z: TextRows, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> dict[str, Any]:
        """Trains the network that is there; returns what was found out on the way."""
        from trainwright.engine.loop import fit
        from trainwright.models.text.files import round_weights
        from trainwright.models.text.network import TextLearner
        from trainwright.models.text.tokens import joined

        assert self.network is not None and self.tokens is not None and Z.texts is not None
        encoded = self.tokens.encode(joined(Z.texts))
        if self._base is not None:
            self._solve_head(None if self._base.folder is None else self._of_base, Z, y, weight)
        learner = TextLearner(
            self.network,
            self._n_classes,
            layer_decay=float(self.chosen["layer_decay"]),
            frozen_epochs=int(self.chosen["frozen_epochs"]),
            frozen_layers=int(self.chosen["frozen_layers"]),
        )
        validation = None
        if held is not None:
            assert isinstance(held[0], TextRows) and held[0].texts is not None
            inner = self.tokens.encode(joined(held[0].texts)).ids
            validation = self._source(held[0], inner, held[1], self.held_weight)
        settings = self._engine_settings()
        fitted = fit(
            learner, self._source(Z, encoded.ids, y, weight), settings, validation=validation, report=self.report
        )
        round_weights(self.network)
        self.iterations = max(1, int(fitted.best_epoch))
        self.curve = _curve(fitted.history)
        return {
            "max_tokens": self.tokens.limit,
            "texts_cut": encoded.cut_texts,
            "tokens_cut": encoded.cut_tokens,
            "learning_rate": settings.learning_rate,
            "weights": sum(parameter.numel() for parameter in self.network.parameters()),
            "steps": int(fitted.steps),
            "stopped_because": str(fitted.stopped_because),
            **{name: str(choice.value) for name, choice in fitted.choices.items() if name in ("device", "precision")},
        }

    def _source(self, Z: Matrix, ids: list[np.ndarray], y: np.ndarray, weight: np.ndarray | None) -> Ragged:
        """The rows as the loop reads them."""
        from trainwright.engine.batches import Ragged

        assert self.tokens is not None
        columns: dict[str, np.ndarray] = {"y": y.astype(np.int64 if self._n_classes else np.float32)}
        if weight is not None:
            columns["weight"] = weight.astype(np.float32)
        if Z.dense.shape[1]:
            columns["extra"] = Z.dense.astype(np.float32)
        return Ragged(ids, pad=self.tokens.pad, **columns)

    def _engine_settings(self) -> EngineSettings:
        from trainwright.config.resolve import Choice
        from trainwright.engine.settings import from_choices

        chosen = {name: Choice(self.chosen[name], "") for name in PASSED}
        rate = self.chosen["learning_rate"]
        if rate is None:
            rate = FROM_SCRATCH if self.chosen["base_model"] == "none" else FINE_TUNING
        return from_choices(
            chosen, learning_rate=float(rate), seed=self.seed, threads=self.threads, save_checkpoint=False
        )

    def _solve_head(self, vectors: Callable[[list[str]], np.ndarray] | None, Z: TextRows, y: np.ndarray,
                    weight: np.ndarray | None) -> None:  # fmt: skip
        """The head that is best on vectors of the texts as they are, and on the columns.

        Args:
            vectors: texts to (n, width); None from scratch, where the columns alone are looked at.
        """
        from trainwright.models.text.tokens import joined

        assert self.network is not None and Z.texts is not None
        rows = np.arange(len(y))
        if len(rows) > FIRST_HEAD_ROWS:
            rows = np.sort(np.random.default_rng(self.seed).choice(len(y), FIRST_HEAD_ROWS, replace=False))
        if self._n_classes and len(np.unique(y[rows])) < self._n_classes:
            return
        known = Z.dense[rows]
        if vectors is not None:
            known = np.concatenate([vectors(joined(Z.texts[rows])), known], axis=1)
        if not known.shape[1]:
            return
        strength = HEAD_STRENGTH if self._n_classes else 1 / HEAD_STRENGTH
        inside = None if weight is None else weight[rows]
        kind = Strengths(self._n_classes, 0.0, self.seed)
        fitted = fit_linear(kind, Matrix(known.astype(np.float64)), y[rows], inside, strength)
        weights, intercept = fitted.weights, fitted.intercept
        if self._n_classes == 2:  # one output of log-odds as two of half of it
            weights, intercept = np.hstack([-weights, weights]) / 2, np.concatenate([-intercept, intercept]) / 2
        self.network.begin_with(weights, intercept)

    def _of_base(self, texts: list[str]) -> np.ndarray:
        """The base model's vectors; the memory of `text_embedding` serves this, too."""
        from trainwright.models.text.embedding import embedder

        assert self._base is not None and self._base.folder is not None and self.tokens is not None
        where = str(self.chosen["precision"]), str(self.chosen["device"])
        return embedder(self._base.folder, self.tokens.limit, *where).vectors(texts, threads=self.threads)

    def _of_own(self, texts: list[str]) -> np.ndarray:
        """The vectors of the network as it is."""
        from trainwright.models.text.encoder import answers, numbers_for

        assert self.network is not None and self.tokens is not None
        network = self.network.eval()
        numbers = numbers_for(network, precision=self._answering())
        network.to(numbers.device)
        return answers(network.vectors, self.tokens.encode(texts).ids, pad=self.tokens.pad, numbers=numbers)

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        return y if self._n_classes else (y - self.shift) / self.spread

    def _answering(self) -> str:
        """The format to answer in: the one it was trained in, where this processor can."""
        return "auto" if self.chosen["precision"] in ("auto", "fp16") else str(self.chosen["precision"])

    def _read(self, folder: Path) -> None:
        """The network and the tokenizer from a saved model's folder."""
        from trainwright.engine.randomness import alone
        from trainwright.models.text.encoder import open_encoder
        from trainwright.models.text.network import TextNetwork
        from trainwright.models.text.tokens import Tokens

        weight, bias = self._head
        with alone(0):
            encoder, facts = open_encoder(folder), read_json(folder / "text.json")
            extra = weight.shape[1] - int(facts["width"])
            self.network = TextNetwork(encoder, int(facts["width"]), extra, len(bias), float(self.chosen["dropout"]))
        self.network.begin_with(weight.T.astype(np.float64), bias.astype(np.float64))
        self.tokens = Tokens.of(folder, int(facts["limit"]))


def _curve(history: Any) -> dict[str, list[float]] | None:
    """The validation loss by epoch, where there were validation rows."""
    losses = [row.get("validation_loss") for row in history]
    if not losses or any(loss is None for loss in losses):
        return None
    return {"steps": [float(i + 1) for i in range(len(losses))][:CURVE_POINTS], "validation": losses[:CURVE_POINTS]}
