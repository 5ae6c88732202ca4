"""Training by LightGBM: the parameters that every training here has, what stops it and tells of it, and the model as
text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainwright.models.features.progress import Progress

if TYPE_CHECKING:
    from trainwright.models.boosted import Training

# Lines of the model's text that neither predictions nor SHAP values read; without them it is 40 % shorter.
# The sizes of the trees only let LightGBM parse them in parallel, and are wrong once lines are missing.
UNREAD = ("split_gain=", "internal_value=", "internal_weight=", "leaf_weight=", "tree_sizes=")


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Args:
        text: the model, rounds that were there before among them.
        iterations: how many rounds it has.
        losses: LightGBM's own loss on the rows that may stop the training, by round that was trained.
    """

    text: str
    iterations: int
    losses: list[float]


def common_parameters(task: str, outputs: int, seed: int, threads: int) -> dict[str, Any]:
    """What every training has: the loss of this kind of target, and the same model from the same rows.

    Args:
        task: "classes" or "number".
        outputs: raw scores of a row, as `Outcome.outputs` counts them.
        seed, threads: see `Estimator.fit`.

    Example:
        >>> common_parameters("classes", 3, 0, 1)["objective"]
        'multiclass'
    """
    loss: dict[str, Any] = {"objective": "regression" if task == "number" else "binary"}
    if outputs > 1:
        loss = {"objective": "multiclass", "num_class": outputs}
    return loss | {
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads,
        "seed": seed,
        "verbosity": -1,
    }


def train(parameters: dict[str, Any], rows: Any, held: Any, training: Training, begin: str | None = None) -> Trained:
    """Trains on LightGBM's own data sets.

    Args:
        parameters: LightGBM's own.
        rows: to learn from.
        held: rows that may stop the training, or None.
        training: its rounds, patience and report.
        begin: the text of a model whose rounds stay, or None.
    """
    import lightgbm

    callbacks: list[Any] = []
    history: dict[str, dict[str, list[float]]] = {}
    if held is not None:
        patience = int(training.settings["patience"])
        callbacks.append(lightgbm.early_stopping(patience, first_metric_only=True, verbose=False))
        callbacks.append(lightgbm.record_evaluation(history))
    if training.report is not None:
        progress = Progress(training.report, "lightgbm", training.rounds)

        def tell(env: Any) -> None:
            results = env.evaluation_result_list
            progress.step(env.iteration + 1, float(results[0][2]) if results else None)

        callbacks.append(tell)
    booster = lightgbm.train(
        parameters,
        rows,
        num_boost_round=training.rounds,
        valid_sets=None if held is None else [held],
        init_model=None if begin is None else lightgbm.Booster(model_str=begin),
        callbacks=callbacks,
    )
    iterations = int(booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration())
    losses = next(iter(next(iter(history.values()), {}).values()), [])
    return Trained(_text(booster, iterations), iterations, losses)


def _text(booster: Any, iterations: int) -> str:
    """The model as LightGBM writes it, less what predicting does not need: its block of parameters names threads."""
    text: str = booster.model_to_string(num_iteration=iterations)
    lines = text.split("\nparameters:\n", 1)[0].split("\nfeature_importances:\n", 1)[0].splitlines()
    return "\n".join(line for line in lines if not line.startswith(UNREAD)).rstrip("\n") + "\n"
