"""`tabular_net`: one strong network with settings that suit most tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from trainwright.models.nets.columns import NetRows, RobustScale
from trainwright.models.nets.estimator import NetEstimator
from trainwright.models.nets.further import MORE_RATE
from trainwright.models.nets.passing import loss_for
from trainwright.models.prepare.preparation import Recipe
from trainwright.models.tabular_net import SPEC

if TYPE_CHECKING:
    from trainwright.engine.settings import EngineSettings
    from trainwright.models.nets.learner import NetLearner
    from trainwright.models.nets.modules import Net

# By kind and task, where the settings leave it open.
RATES = {("realmlp", "classes"): 0.04, ("realmlp", "number"): 0.2, ("tabm", "classes"): 2e-3, ("tabm", "number"): 2e-3}
DECAYS = {"realmlp": 0.02, "tabm": 3e-4}
WIDTHS = {"realmlp": 256, "tabm": 512}
ACTIVATIONS = {"classes": "selu", "number": "mish"}
MEMBERS = 32
# TabM stops after so many epochs without progress; RealMLP's waves need all of theirs.
PATIENCE = 16
FEW_ROWS_BATCH = 16  # steps of an epoch, at least, where there are rows for them


class TabularNet(NetEstimator):
    """See `SPEC`."""

    spec = SPEC
    one_hot_up_to = 9
    recipe = Recipe(cyclic=True, one_hot_up_to=9, min_count=3, max_terms=100)
    robust: RobustScale

    def activation_of(self) -> str:
        """See `NetEstimator.activation_of`."""
        return "relu" if self.derived["kind"] == "tabm" else ACTIVATIONS[self.target.task]

    def scaled(self, dense: np.ndarray, *, learn: bool) -> np.ndarray:
        """See `NetEstimator.scaled`."""
        if learn:
            self.robust = RobustScale.learn(dense)
        return self.robust(dense)

    def settle(self, rows: int, *, rounds: int | None, further: bool) -> EngineSettings:
        """See `NetEstimator.settle`."""
        from trainwright.engine.precision import choose_device
        from trainwright.engine.settings import EngineSettings

        chosen = self.chosen
        if not further:
            kind = chosen["kind"]
            if kind == "auto":
                kind = "tabm" if choose_device(str(chosen["device"])).value == "cuda" else "realmlp"
            self.derived["kind"] = kind
        kind = self.derived["kind"]
        rate = float(chosen["learning_rate"] or RATES[kind, self.target.task]) * (MORE_RATE if further else 1.0)
        size = int(chosen["batch_size"])
        return EngineSettings(
            epochs=int(rounds or chosen["epochs"]),
            batch_size=max(1, min(size, -(-rows // FEW_ROWS_BATCH))),
            learning_rate=rate,
            rate_reason="as set" if chosen["learning_rate"] else f"default of {kind}",
            weight_decay=float(DECAYS[kind] if chosen["weight_decay"] is None else chosen["weight_decay"]),
            early_stopping=kind == "tabm",
            patience=PATIENCE,
            gradient_clip=1.0 if kind == "tabm" else None,
            device=str(chosen["device"]),
            seed=self.seed,
            threads=self.threads,
        )

    def build(self, rows: NetRows, outputs: int) -> Net:
        """See `NetEstimator.build`."""
        from trainwright.models.nets.realmlp import RealMlp
        from trainwright.models.nets.tabm import TabM

        kind, chosen = self.derived["kind"], self.chosen
        numbers, tables = rows.dense.shape[1], self.table_sizes()
        layers = [int(chosen["width"] or WIDTHS[kind])] * int(chosen["depth"])
        dropout = float(chosen["dropout"])
        if kind == "tabm":
            return TabM(numbers, tables, layers, outputs, members=MEMBERS, dropout=dropout)
        waved = len(self.preparation.numbers.median)
        return RealMlp(numbers, tables, waved, layers, outputs, activation=self.activation_of(), dropout=dropout)

    def learner(self, module: Net, settings: EngineSettings) -> NetLearner:
        """See `NetEstimator.learner`."""
        from trainwright.models.nets.learner import NetLearner
        from trainwright.models.nets.tempo import Tempo

        tempo = None
        if self.derived["kind"] == "realmlp":
            rate, decay, dropout = float(settings.learning_rate), settings.weight_decay, float(self.chosen["dropout"])
            tempo = Tempo(settings.epochs, rate, decay, dropout)
        loss = loss_for(self.target.task, self.chosen.get("loss"))  # one that an older release fitted has none
        smoothing = float(self.chosen["label_smoothing"]) if self._n_classes else 0.0
        return NetLearner(module, self._n_classes, loss=loss, smoothing=smoothing, tempo=tempo)

    def arrays(self) -> dict[str, np.ndarray]:
        """See `PreparedEstimator.arrays`."""
        return {**super().arrays(), "centre": self.robust.centre, "factor": self.robust.factor}

    def restore_arrays(self, arrays: dict[str, Any], width: int) -> None:
        """See `PreparedEstimator.restore_arrays`."""
        from trainwright.models.linear import check_shape

        check_shape("centre", arrays["centre"], (width,))
        check_shape("factor", arrays["factor"], (width,))
        self.robust = RobustScale(arrays["centre"], arrays["factor"])
        super().restore_arrays(arrays, width)

    def take_over(self, other: Self) -> None:
        """See `NetEstimator.take_over`."""
        self.robust = other.robust

    def _scale_of(self, y: np.ndarray, weight: np.ndarray | None) -> None:
        super()._scale_of(y, weight)
        if not self._n_classes:
            self.bounds = (float(np.min(y)), float(np.max(y)))
