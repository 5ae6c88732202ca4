"""A language model fine-tuned by the training loop, or a small one from scratch; further columns join at the head.

Fine-tuning begins with a head that was solved on the frozen base model's vectors, then every layer learns, lower ones
less. At the end all weights are rounded to 16 bits, so that what is judged is what is saved.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.data.schema import Target
from trainwright.models.extras import require
from trainwright.models.nets.further import shrink_and_perturb
from trainwright.models.nets.passing import facts_of, loss_for, without_usual
from trainwright.models.prepare.preparation import Matrix, Recipe
from trainwright.models.prepared import PreparedEstimator, softmax
from trainwright.models.selected import View
from trainwright.models.spec import Report
from trainwright.models.text.base import NONE, fingerprint, resolve
from trainwright.models.text.head import Vectors, of_base, of_own, solved_head
from trainwright.models.text.rows import GivenTexts, TextRows, watch_of
from trainwright.models.text.training import folder_for_states, settings_of
from trainwright.models.text_transformer import LATER, SPEC

if TYPE_CHECKING:
    from torch import nn

    from trainwright.models.text.network import TextNetwork
    from trainwright.models.text.tokens import Tokens


class TextTransformer(PreparedEstimator):
    """A network over texts and prepared columns; see `SPEC`."""

    spec = SPEC
    grows = True
    recipe = Recipe(scale=True, clip=0.001, cyclic=True, one_hot_up_to=20, max_terms=0)
    network: TextNetwork | None = None
    tokens: Tokens | None = None
    shift: float = 0.0  # of a number, and its spread
    spread: float = 1.0

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
        from trainwright.models.text.opening import new_network

        if not self._n_classes:
            self.shift, self.spread = float(self.prior[0]), float(np.std(y)) or 1.0
        with alone(self.seed, threads=self.threads):
            self.network, self.tokens = new_network(
                base, self.chosen, Z.joined(), extra=Z.dense.shape[1], outputs=self._n_classes or 1
            )
            self._begin(of_base(base, self.tokens, self.chosen, self.threads), Z, y, weight)
            facts = self._train(Z, y, weight, held)
        self.derived |= {"base_model": base.place, **facts}
        if base.folder is not None:
            self.derived["base_sha256"] = fingerprint(base.folder)
        return True

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        from trainwright.engine.randomness import alone
        from trainwright.models.text.encoder import answers, most_positions, numbers_for

        assert isinstance(Z, TextRows) and self.tokens is not None and self.network is not None
        ids = self.tokens.encode(Z.joined()).ids
        extra = Z.dense.astype(np.float32) if Z.dense.shape[1] else None
        with alone(0, threads=self.threads):
            network = self.network.eval()
            numbers = numbers_for(network, precision=self._answering(), device="auto")
            network.to(numbers.device)
            scores = answers(
                network, ids, pad=self.tokens.pad, numbers=numbers, extra=extra, most=most_positions(network.encoder)
            )
        if not self._n_classes:
            return scores[:, 0].astype(np.float64) * self.spread + self.shift
        return softmax(scores.astype(np.float64))

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

    def written_settings(self) -> dict[str, Any]:
        """See `PreparedEstimator.written_settings`: of those that came later only what was set."""
        return without_usual(self.chosen, SPEC, LATER)

    def save(self, folder: Path) -> None:
        """See `Estimator.save`: the encoder as transformers reads it, the tokenizer, and the rest as ever."""
        super().save(folder)
        if self.is_constant:
            return
        from trainwright.models.text.opening import write_network

        assert self.network is not None and self.tokens is not None
        write_network(self.network, self.tokens, folder)

    @classmethod
    def load(cls, folder: Path, target: Target) -> TextTransformer:
        """See `Estimator.load`."""
        model = super().load(folder, target)
        assert isinstance(model, cls)
        if not model.is_constant:
            from trainwright.models.text.opening import read_network

            dropout = float(model.chosen["dropout"])
            model.network, model.tokens = read_network(folder, *model._head, dropout)
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
        if self.is_constant or self.network is None or self.tokens is None:
            return None
        from trainwright.engine.randomness import alone
        from trainwright.models.text.files import copied

        grown = self._follower("tokens", "shift", "spread", seed=seed, threads=threads, report=report)
        # Where the epochs are said, the last one counts.
        grown.chosen |= {} if rounds is None else {"epochs": rounds, "keep_epoch": None}
        grown.checkpoints = self.checkpoints
        before = self.iterations or 0
        with alone(seed, threads=threads):
            grown.network = copied(self.network)
            shrink_and_perturb(grown._restarted())
            inside = grown._joined(self, y, sample_weight)
            Z = grown._matrix(X)
            assert isinstance(Z, TextRows)
            if len(grown.present) > len(self.present):
                grown.network.grow(np.searchsorted(grown.present, self.present), len(grown.present))
                own = of_own(grown.network, self.tokens, grown._answering())
                grown._begin(own, Z, inside, sample_weight)
            held = None if validation is None else grown._held(validation)
            facts = grown._train(Z, inside, sample_weight, held)
        grown.report = None
        grown.derived = {**self.derived, **facts, "learned_on_from": before}
        grown.iterations = before + (grown.iterations or 0)
        return grown

    def _restarted(self) -> list[nn.Parameter]:
        """What begins again a little nearer to zero when it learns on: the head, and from scratch every layer. What a
        base model has read is kept as it is."""
        assert self.network is not None
        part = self.network if self.chosen["base_model"] == NONE else self.network.head
        return [parameter for parameter in part.parameters() if parameter.ndim > 1]

    # The training.

    def _begin(self, vectors: Vectors | None, Z: TextRows, y: np.ndarray, weight: np.ndarray | None) -> None:
        """Takes the head that is best on vectors of the texts as they are; see `head.solved_head`."""
        assert self.network is not None
        found = solved_head(vectors, Z, self._scaled(y), weight, classes=self._n_classes, seed=self.seed)
        if found is not None:
            self.network.begin_with(*found)

    def _train(
        self, Z: TextRows, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> dict[str, Any]:
        """Trains the network that is there; returns what was found out on the way."""
        from trainwright.engine.loop import fit
        from trainwright.models.nets.watch import curve_of, told
        from trainwright.models.text.files import round_weights
        from trainwright.models.text.network import TextLearner

        assert self.network is not None and self.tokens is not None
        encoded = self.tokens.encode(Z.joined())
        learner = TextLearner(
            self.network,
            self._n_classes,
            layer_decay=float(self.chosen["layer_decay"]),
            frozen_epochs=int(self.chosen["frozen_epochs"]),
            frozen_layers=int(self.chosen["frozen_layers"]),
            loss=loss_for(self.target.task, self.chosen["loss"]),
            smoothing=float(self.chosen["label_smoothing"]),
            augment=float(self.chosen["augment"]),
        )
        pad = self.tokens.pad
        given = GivenTexts(Z, encoded.ids, self._scaled(y), weight)
        inner = watch = None
        if held is not None:
            assert isinstance(held[0], TextRows)
            ids = self.tokens.encode(held[0].joined()).ids
            inner = GivenTexts(held[0], ids, self._scaled(held[1]), self.held_weight)
            watch = watch_of(
                learner,
                given,
                inner,
                pad=pad,
                precision=self._answering(),
                spread=self.spread,
                seed=self.seed,
                labels=self._labels,
                best_by=str(self.chosen["best_by"]),
            )
        settings = settings_of(self.chosen, seed=self.seed, threads=self.threads)
        fitted = fit(
            learner,
            given.source(pad),
            settings,
            validation=None if inner is None else inner.source(pad),
            report=told(self.report),
            checkpoints=folder_for_states(self.checkpoints, self.network, settings, self.report),
            metrics=watch,
        )
        round_weights(self.network)
        self.iterations = max(1, int(fitted.best_epoch))
        self.curve, self.events = curve_of(fitted.history), fitted.events
        return facts_of(fitted, self.network) | {
            "max_tokens": self.tokens.limit,
            "texts_cut": encoded.cut_texts,
            "tokens_cut": encoded.cut_tokens,
        }

    def _scaled(self, y: np.ndarray) -> np.ndarray:
        return y if self._n_classes else (y - self.shift) / self.spread

    def _answering(self) -> str:
        """The format to answer in: the one it was trained in, where this processor can."""
        return "auto" if self.chosen["precision"] in ("auto", "fp16") else str(self.chosen["precision"])
