"""`neural_network`: linear layers as the settings write them down, trained as they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainwright.models.nets.columns import NetRows
from trainwright.models.nets.estimator import NetEstimator
from trainwright.models.nets.further import MORE_RATE
from trainwright.models.nets.passing import GREATER_IS_BETTER, engine_choices, loss_for, without_usual
from trainwright.models.nets.sizes import batch_for
from trainwright.models.neural_network import LATER, SPEC, units_of
from trainwright.models.prepare.preparation import Recipe

if TYPE_CHECKING:
    from trainwright.engine.settings import EngineSettings
    from trainwright.models.nets.learner import NetLearner
    from trainwright.models.nets.modules import Net

PASSED = (
    "epochs", "optimizer", "learning_rate", "scheduler", "warmup_steps", "warmup_ratio", "step_size", "gamma",
    "momentum", "l2_regularization", "gradient_clip", "early_stopping", "patience", "min_delta", "best_by",
    "precision",
    "gradient_checkpointing", "compile", "save_checkpoint", "checkpoint_interval", "device", "deterministic",
)  # fmt: skip
USUAL_DECAY = 0.01


class NeuralNetwork(NetEstimator):
    """See `SPEC`."""

    spec = SPEC
    one_hot_up_to = 20
    recipe = Recipe(scale=True, clip=0.001, cyclic=True, one_hot_up_to=20, min_count=3, max_terms=100)

    def written_settings(self) -> dict[str, Any]:
        """See `PreparedEstimator.written_settings`: of those that came later only what was set."""
        return without_usual(self.chosen, SPEC, LATER)

    def activation_of(self) -> str:
        """See `NetEstimator.activation_of`."""
        return str(self.chosen["activation"])

    def settle(self, rows: int, *, rounds: int | None, further: bool) -> EngineSettings:
        """See `NetEstimator.settle`."""
        from trainwright.engine.settings import from_choices

        chosen = dict(self.chosen)
        size, why = chosen["batch_size"], "as set"
        if size is None:
            size, why = batch_for(rows)
            if self.report is not None:
                message = f"batch_size: {size} ({why})"
                self.report({"kind": "choice", "name": "batch_size", "value": size, "message": message})
        decay = chosen["weight_decay"]
        if decay is None:
            decay = USUAL_DECAY if chosen["optimizer"] == "adamw" and not chosen["l2_regularization"] else 0.0
        rate = chosen["learning_rate"]
        if further and rate != "auto":
            rate = float(rate) * MORE_RATE
        self.derived["batch_reason"] = why
        return from_choices(
            engine_choices(chosen, PASSED),
            epochs=int(rounds or chosen["epochs"]),
            # Where the epochs are said, as in a refit on all rows, the last one counts.
            keep_epoch=None if rounds else chosen["keep_epoch"],
            batch_size=int(size),
            weight_decay=float(decay),
            learning_rate=rate if rate == "auto" else float(rate),
            greater_is_better=chosen["best_by"] in GREATER_IS_BETTER,
            rate_reason=self._rate_reason(further),
            seed=self.seed,
            threads=self.threads,
        )

    def _rate_reason(self, further: bool) -> str:
        usual = next(setting.default for setting in SPEC.settings if setting.name == "learning_rate")
        why = "default" if self.chosen["learning_rate"] == usual else "as set"
        return f"{why}, times {MORE_RATE:g} to learn on" if further else why

    def build(self, rows: NetRows, outputs: int) -> Net:
        """See `NetEstimator.build`."""
        from trainwright.models.nets.modules import Mlp

        return Mlp(
            rows.dense.shape[1],
            self.table_sizes(),
            units_of(str(self.chosen["layers"])),
            outputs,
            activation=self.activation_of(),
            dropout=float(self.chosen["dropout"]),
        )

    def learner(self, module: Net, settings: EngineSettings) -> NetLearner:
        """See `NetEstimator.learner`."""
        from trainwright.models.nets.learner import NetLearner

        loss = loss_for(self.target.task, self.chosen["loss"])
        smoothing = float(self.chosen["label_smoothing"]) if self._n_classes else 0.0
        return NetLearner(module, self._n_classes, loss=loss, smoothing=smoothing)
