"""The frame of the families of networks for tables: columns to rows, rows to a trained network, a network to arrays.

torch is imported where something is trained, and nowhere else: a fitted model is a `PlainNet`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from trainwright.data.columns import Columns, Dataset
from trainwright.errors import UserError
from trainwright.models.extras import require
from trainwright.models.nets.columns import Levels, NetRows
from trainwright.models.nets.further import shrink_and_perturb, widened
from trainwright.models.nets.passing import facts_of
from trainwright.models.nets.plain import PlainNet
from trainwright.models.nets.rows import WATCHED, Given, levels_of, source_of, watch_of
from trainwright.models.prepare.codes import Slots
from trainwright.models.prepare.preparation import Matrix
from trainwright.models.prepared import PreparedEstimator, softmax
from trainwright.models.selected import View
from trainwright.models.spec import Report

if TYPE_CHECKING:
    from trainwright.engine.settings import EngineSettings
    from trainwright.models.nets.learner import NetLearner
    from trainwright.models.nets.modules import Net

TABLE_WIDTH = 8


class NetEstimator(PreparedEstimator):
    """A network over prepared columns; what a family supplies are its settings, its network and its pace."""

    one_hot_up_to: ClassVar[int]  # levels; categories with more are embedded
    grows: ClassVar[bool] = True

    net: PlainNet
    embedded: tuple[str, ...] = ()
    levels: Levels
    shift: float = 0.0  # of a number, its spread, and the least and largest of the training rows
    spread: float = 1.0
    bounds: tuple[float, float] = (-np.inf, np.inf)

    _view: View | None = None

    # What a family supplies.

    def activation_of(self) -> str:
        """The activation of the finished network."""
        raise NotImplementedError

    def settle(self, rows: int, *, rounds: int | None, further: bool) -> EngineSettings:
        """The loop's settings for so many training rows; notes in `derived` what was chosen.

        Args:
            rows: to learn from.
            rounds: epochs; None: as the settings say.
            further: it learns on from a fitted network.
        """
        raise NotImplementedError

    def build(self, rows: NetRows, outputs: int) -> Net:
        """A network with new weights, for rows like these."""
        raise NotImplementedError

    def learner(self, module: Net, settings: EngineSettings) -> NetLearner:
        """How the loop sees the network."""
        raise NotImplementedError

    def scaled(self, dense: np.ndarray, *, learn: bool) -> np.ndarray:
        """What is done to the prepared numbers; with `learn`, learned from them first."""
        return dense

    # What PreparedEstimator asks for.

    def _first_matrix(self, X: Columns, y: np.ndarray, weight: np.ndarray | None, seed: int) -> NetRows:
        names = X.layout.categories
        many = [j for j in range(len(names)) if len(np.unique(X.codes[:, j])) > self.one_hot_up_to]
        self.embedded, self._view = tuple(names[j] for j in many), None
        self.levels = Levels.learn(X.codes[:, many])
        prepared = super()._first_matrix(self._others(X), y, weight, seed)
        return NetRows(self.scaled(prepared.dense, learn=True), None, X.units, self._levels(X))

    def _matrix(self, X: Columns) -> NetRows:
        dense = self.scaled(super()._matrix(self._others(X)).dense, learn=False)
        return NetRows(dense, None, None, self._levels(X))

    def learn(
        self, Z: Matrix, y: np.ndarray, weight: np.ndarray | None, held: tuple[Matrix, np.ndarray] | None
    ) -> bool:
        """See `PreparedEstimator.learn`."""
        assert isinstance(Z, NetRows)
        require([self.spec])
        self._scale_of(y, weight)
        from trainwright.engine.randomness import alone

        self.derived["columns"] = Z.width
        if self.embedded:
            self.derived["embedded"] = list(self.embedded)
        settings = self.settle(len(y), rounds=None, further=False)
        with alone(self.seed, threads=self.threads, deterministic=settings.deterministic):
            module = self.build(Z, self._n_classes or 1)
            some = np.arange(0, len(y), max(1, len(y) // WATCHED))[:WATCHED]
            import torch

            module.look(torch.from_numpy(Z.dense[some].astype(np.float32)), torch.from_numpy(levels_of(Z)[some]))
            self._train(module, settings, self._given(Z, y, weight), self._held_rows(held))
        return True

    def answer(self, Z: Matrix) -> np.ndarray:
        """See `PreparedEstimator.answer`."""
        assert isinstance(Z, NetRows)
        scores = self.net(Z.dense, levels_of(Z))  # (members, n, outputs)
        if self._n_classes:
            return np.asarray(softmax(scores.reshape(-1, scores.shape[2])).reshape(scores.shape).mean(axis=0))
        low, high = self.bounds
        return np.minimum(np.maximum(scores[:, :, 0].mean(axis=0) * self.spread + self.shift, low), high)

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        low, high = self.bounds
        return {
            **self.net.arrays(),
            "number": np.array([self.shift, self.spread, low, high]),
            "levels_sizes": self.levels.slots.sizes,
            "levels_places": self.levels.places,
        }

    def restore_arrays(self, arrays: dict[str, Any], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        own = {name: array for name, array in arrays.items() if name.startswith(("layer", "table", "waves_"))}
        self.net = PlainNet.restore(self.activation_of(), own)
        self.embedded = tuple(self.derived.get("embedded", ()))
        self.levels = Levels(Slots(arrays["levels_sizes"]), arrays["levels_places"])
        self.shift, self.spread, low, high = (float(value) for value in arrays["number"])
        self.bounds = (low, high)
        waved = 0 if self.net.waves is None else self.net.waves.mix.shape[0] * self.net.waves.mix.shape[2]
        reads = width + waved + sum(table.shape[1] for table in self.net.tables)
        given = self.net.layers[0].weight.shape[-2]
        fits = len(self.net.tables) == len(self.embedded) == len(self.levels.slots.sizes)
        if not fits or given != reads or self.net.outputs != (self._n_classes or 1):
            raise UserError(
                f"the stored network reads {given} numbers and gives {self.net.outputs}, where its columns come to "
                f"{reads} and its target to {self._n_classes or 1}",
                remedy="restore the model's files from where it was trained, or train again",
            )

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
    ) -> Self | None:
        """See `Estimator.more`: every weight learns on from near where it is, and the head grows for new classes."""
        if self.is_constant:
            return None
        require([self.spec])
        from trainwright.engine.randomness import alone

        names = ("embedded", "levels", "shift", "spread", "bounds")
        grown = self._follower(*names, seed=seed, threads=threads, report=report)
        grown.derived = {**self.derived, "learned_on_from": self.iterations or 0}
        grown.take_over(self)
        grown.checkpoints = self.checkpoints
        inside = grown._joined(self, y, sample_weight)
        Z = grown._matrix(X)
        settings = grown.settle(len(y), rounds=rounds or self.iterations, further=True)
        with alone(seed, threads=threads, deterministic=settings.deterministic):
            module = grown.build(Z, grown._n_classes or 1)
            module.begin_with(widened(self.net, np.searchsorted(grown.present, self.present), grown._n_classes))
            shrink_and_perturb(module.parameters())
            held = None if validation is None else grown._held(validation)
            grown._train(module, settings, grown._given(Z, inside, sample_weight), grown._held_rows(held))
        grown.iterations = (self.iterations or 0) + (grown.iterations or 0)
        grown.report = None
        return grown

    def take_over(self, other: Self) -> None:
        """What a family has learned beyond what this frame knows, taken from a fitted model."""

    # The training.

    def _train(self, module: Net, settings: EngineSettings, given: Given, held: Given | None) -> None:
        """Trains the network that is there and keeps it as plain arrays."""
        from trainwright.engine.loop import fit
        from trainwright.models.nets.watch import curve_of, told

        learner = self.learner(module, settings)
        watch = None
        if held is not None:
            watch = watch_of(
                learner,
                given,
                held,
                spread=self.spread,
                seed=self.seed,
                labels=self._labels,
                best_by=settings.best_by,
            )
        fitted = fit(
            learner,
            source_of(given),
            settings,
            validation=None if held is None else source_of(held),
            report=told(self.report),
            checkpoints=self.checkpoints,
            metrics=watch,
        )
        counts = [np.bincount(levels_of(given.rows)[:, j], minlength=n) for j, n in enumerate(self.levels.sizes)]
        module.fill_unseen(counts)
        self.net = PlainNet.restore(self.activation_of(), module.plain().arrays())
        self.iterations = max(1, int(fitted.best_epoch))
        self.curve, self.events = curve_of(fitted.history), fitted.events
        self.derived |= facts_of(fitted, module) | {"threads": self.threads}

    def _given(self, Z: NetRows, y: np.ndarray, weight: np.ndarray | None) -> Given:
        return Given(Z, y if self._n_classes else (y - self.shift) / self.spread, weight)

    def _held_rows(self, held: tuple[Matrix, np.ndarray] | None) -> Given | None:
        if held is None:
            return None
        assert isinstance(held[0], NetRows)
        return self._given(held[0], held[1], self.held_weight)

    def _scale_of(self, y: np.ndarray, weight: np.ndarray | None) -> None:
        """The scale on which a number is learned."""
        self.shift, self.spread, self.bounds = 0.0, 1.0, (-np.inf, np.inf)
        if not self._n_classes:
            self.shift = float(self.prior[0])
            self.spread = float(np.sqrt(np.average((y - self.shift) ** 2, weights=weight))) or 1.0

    def _others(self, X: Columns) -> Columns:
        """The rows without the categories that are embedded."""
        if not self.embedded:
            return X
        if self._view is None or self._view.given is not X.layout:
            gone = set(self.embedded)
            self._view = View(X.layout, tuple(name for name in X.layout.names if name not in gone))
        return self._view.of(X)

    def _levels(self, X: Columns) -> np.ndarray:
        """(n, c) positions of the categories that are embedded."""
        if not self.embedded:
            return np.zeros((len(X), 0), dtype=np.int64)
        at = [X.layout.categories.index(name) for name in self.embedded]
        return self.levels(X.codes[:, at])

    def table_sizes(self) -> list[tuple[int, int]]:
        """(levels, width) of each table."""
        return [(size, TABLE_WIDTH) for size in self.levels.sizes]
