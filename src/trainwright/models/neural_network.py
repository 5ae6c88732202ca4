"""The family `neural_network`, as data: linear layers with an activation between them, as the user writes them down."""

from __future__ import annotations

import re

from trainwright.models.objective import (
    COMPILE,
    DEVICE,
    EARLY_STOPPING,
    KEEP_EPOCH,
    MIN_DELTA,
    OBJECTIVE,
    OPTIMIZERS,
    PRECISION,
    SAVE_CHECKPOINT,
    SCHEDULERS,
    STEP_SIZE,
)
from trainwright.models.spec import Setting, Spec

# Settings that came later: a saved model keeps them only where they were set, so that packages stay as they were.
LATER = ("compile",)
LAYERS = r"[1-9]\d{0,4}([ ,-]+[1-9]\d{0,4}){0,31}"


def units_of(layers: str) -> tuple[int, ...]:
    """The units of each hidden layer.

    Example:
        >>> units_of("128, 64"), units_of("32-16")
        ((128, 64), (32, 16))
    """
    return tuple(int(number) for number in re.findall(r"\d+", layers))


SPEC = Spec(
    name="neural_network",
    title="Neural network",
    estimator="trainwright.models.nets.mlp:NeuralNetwork",
    tasks=("classes", "number"),
    complexity=50,
    explainability="low",
    explanation="Thousands of weights; single predictions are explained by leaving columns out.",
    upkeep="None: arrays of weights, predictions by NumPy alone; training needs torch.",
    page=(
        "Layers of units, each a weighted sum of all units before it, bent by the activation. You say how many layers "
        "and units, how large the steps and how long: the keys `layers`, `activation`, `dropout`, `epochs`, "
        "`learning_rate` and their like of the `training:` block. Good where numbers act together smoothly; on most "
        "tables boosting is ahead, and `tabular_net` is the network that needs no tuning."
    ),
    preparation=(
        "Gaps are filled with the median and flagged, far values pulled in, numbers scaled to mean 0 and spread 1. "
        "Categories of up to 20 levels become yes-or-no columns, larger ones 8 learned numbers for each level; dates "
        "become their parts and cycles, texts the weights of up to 100 words."
    ),
    settings=(
        Setting(
            "layers",
            "128, 64",
            pattern=LAYERS,
            words="the units of each hidden layer, such as 128, 64",
            guidance="More or wider layers if it learns too little, fewer if it overfits.",
        ),
        Setting(
            "activation",
            "relu",
            choices=("relu", "gelu", "silu", "tanh", "sigmoid", "leaky_relu", "elu", "selu"),
            guidance="The function between layers; gelu and silu are smoother.",
        ),
        Setting("dropout", 0.1, 0.0, 0.99, guidance="0.3, then 0.5, when it overfits."),
        Setting("epochs", 50, 1, 100_000, log=True, guidance="Raise it when validation still improves at the end."),
        Setting("batch_size", None, 1, 10_000_000, log=True, guidance="32 to 128 are usual; larger is faster."),
        Setting(
            "optimizer",
            "adamw",
            choices=OPTIMIZERS,
            guidance="adamw suits all; sgd and momentum want larger rates.",
        ),
        Setting(
            "learning_rate",
            0.001,
            1e-8,
            10.0,
            choices=("auto",),
            log=True,
            guidance="Lower it when training is unstable, raise it when the loss hardly falls; auto tests a range.",
        ),
        Setting(
            "scheduler",
            "fixed",
            choices=SCHEDULERS,
            guidance="How the rate falls; cosine_annealing often gains a little.",
        ),
        STEP_SIZE,
        Setting("gamma", 0.1, 1e-9, 1.0, guidance="scheduler step and plateau: the factor of a reduction."),
        Setting("warmup_steps", 0, 0, 10_000_000, guidance="Steps during which the rate rises from zero."),
        Setting("warmup_ratio", 0.0, 0.0, 0.99, guidance="The same as a share of all steps."),
        Setting("momentum", None, 0.0, 0.9999, guidance="sgd, momentum, nesterov and rmsprop only; 0.9 is usual."),
        Setting("weight_decay", None, 0.0, 10.0, guidance="0.01 with adamw when not given; raise it to simplify."),
        Setting("l2_regularization", 0.0, 0.0, 10.0, guidance="Within the loss; 0.001 when it overfits."),
        EARLY_STOPPING,
        Setting("patience", 5, 1, 100_000, guidance="Epochs without improvement before it stops; 3 when it overfits."),
        MIN_DELTA,
        *OBJECTIVE,
        Setting("gradient_clip", None, 1e-9, 1e9, log=True, guidance="1.0 when the loss jumps."),
        Setting("gradient_checkpointing", False, choices=(True, False), guidance="Saves memory; here it hardly does."),
        PRECISION,
        COMPILE,
        SAVE_CHECKPOINT,
        Setting("checkpoint_interval", 1, 1, 100_000, guidance="Epochs between two checkpoints."),
        KEEP_EPOCH,
        DEVICE,
        Setting("deterministic", True, choices=(True, False), guidance="Insist on the same numbers again."),
    ),
    iterations="epochs",
    cost=3.0,
    extra="neural",
    fewest=5,
    alone=True,
)
