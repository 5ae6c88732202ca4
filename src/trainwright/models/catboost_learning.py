"""Training by CatBoost: its parameters, what it decides itself, and its file without what predicting does not need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trainwright.models.features.progress import Progress

if TYPE_CHECKING:
    from trainwright.models.boosted import Training
    from trainwright.models.features.outcome import Outcome
    from trainwright.models.spec import Report

# Settings that CatBoost knows by the same name.
PASSED = (
    "learning_rate",
    "depth",
    "l2_leaf_reg",
    "random_strength",
    "rsm",
    "one_hot_max_size",
    "max_ctr_complexity",
    "boosting_type",
)
WHOLE = ("depth", "one_hot_max_size", "max_ctr_complexity")
# What CatBoost decided itself and is read back after training.
READ_BACK = (
    "learning_rate",
    "boosting_type",
    "bootstrap_type",
    "subsample",
    "max_ctr_complexity",
    "one_hot_max_size",
    "leaf_estimation_method",
    "leaf_estimation_iterations",
)
# Of these, what trees that are added take over from the first fit.
KEPT = ("learning_rate", "boosting_type", "leaf_estimation_method", "leaf_estimation_iterations")
# Entries of the model file that differ between equal trainings, or tell nothing a prediction needs.
SCRUBBED = {
    "model_guid": "",
    "train_finish_time": "",
    "training": "{}",
    "output_options": "{}",
    "catboost_version_info": "",
}


def own_parameters(training: Training, defaults: Mapping[str, Any], outcome: Outcome, *, stop: bool) -> dict[str, Any]:
    """CatBoost's own parameters.

    Args:
        training: its settings, rounds, seed and threads.
        defaults: the family's settings at their defaults.
        outcome: what is predicted.
        stop: whether held rows may stop the training.
    """
    settings = training.settings
    # Only what differs from the default is named: CatBoost derives its learning rate and the steps per
    # leaf from the data only while parameters such as l2_leaf_reg are left alone.
    parameters: dict[str, Any] = {
        name: int(settings[name]) if name in WHOLE else settings[name]
        for name in PASSED
        if settings[name] != defaults[name]
    }
    parameters |= {"iterations": training.rounds, "border_count": settings["border_count"]}
    if settings["bagging_temperature"] is not None:
        parameters |= {"bootstrap_type": "Bayesian", "bagging_temperature": settings["bagging_temperature"]}
    if outcome.task == "number":
        parameters["loss_function"] = "RMSE"
    elif outcome.outputs == 1:
        parameters["loss_function"] = "Logloss"
    else:
        parameters |= {"loss_function": "MultiClass", "classes_count": outcome.outputs}
    if stop:
        parameters |= {"use_best_model": True, "early_stopping_rounds": settings["patience"]}
    return parameters | {
        "random_seed": training.seed,
        "thread_count": training.threads,
        "allow_writing_files": False,
        "logging_level": "Silent",
    }


def train(parameters: dict[str, Any], rows: Any, held: Any, training: Training) -> Any:
    """CatBoost's model of the pool `rows`; the pool `held` may stop it."""
    from catboost import CatBoost as Booster

    model = Booster(parameters)
    callbacks = None if training.report is None else [_Callback(training.report, training.rounds)]
    model.fit(rows, eval_set=held, callbacks=callbacks)
    return model


def held_losses(model: Any) -> list[float]:
    """CatBoost's loss on the rows that may stop the training, by round; empty without such rows."""
    found: list[float] = next(iter((model.get_evals_result().get("validation") or {}).values()), [])
    return found


def decided(model: Any) -> dict[str, Any]:
    """What CatBoost decided itself, so that the fit can be repeated from its record."""
    every = model.get_all_params()
    return {name: every[name] for name in READ_BACK if name in every}


def derived_rate(rows: Any, held: Any, parameters: dict[str, Any]) -> float:
    """The learning rate that CatBoost would derive if l2_leaf_reg were left alone: it gives up deriving it
    (and takes 0.03) as soon as that parameter is named, so one iteration is trained without it."""
    from catboost import CatBoost as Booster

    left_alone = {name: value for name, value in parameters.items() if name != "l2_leaf_reg"}
    probe = Booster(left_alone).fit(rows, eval_set=held, callbacks=[_StopAtOnce()])
    return float(probe.get_all_params()["learning_rate"])


def scrub(model: Any) -> None:
    """Empties what differs between equal trainings; a sum of models keeps each one's entries as `name:entry`."""
    metadata = model.get_metadata()
    for key in list(metadata.keys()):
        of_a_part, _, entry = key.rpartition(":")
        if of_a_part or entry in SCRUBBED:
            metadata[key] = SCRUBBED.get(entry, "")


class _Callback:
    """CatBoost's callback: hands its progress on and never stops it."""

    def __init__(self, report: Report, total: int):
        self._progress = Progress(report, "catboost", total)

    def after_iteration(self, info: Any) -> bool:
        """Called by CatBoost after each iteration; True goes on."""
        part = info.metrics.get("validation") or info.metrics.get("learn") or {}
        losses: list[float] = next(iter(part.values()), [])
        self._progress.step(info.iteration, float(losses[-1]) if losses else None)
        return True


class _StopAtOnce:
    """Ends a training after its first iteration."""

    def after_iteration(self, info: Any) -> bool:
        """Called by CatBoost after each iteration; False stops."""
        return False
