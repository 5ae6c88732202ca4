"""The family `text_transformer`, as data: a language model fine-tuned on the rows, or a small one from scratch."""

from __future__ import annotations

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
from trainwright.models.text.base import PATTERN, WORDS

FINE_TUNING, FROM_SCRATCH = 5e-5, 1e-3
# Settings that the first packages do not have: saved models keep them only where they were set.
LATER = ("warmup_steps", "l2_regularization", "save_checkpoint", "checkpoint_interval", "keep_epoch", "compile")

SPEC = Spec(
    name="text_transformer",
    title="Fine-tuned language model",
    estimator="trainwright.models.text.transformer:TextTransformer",
    tasks=("classes", "number"),
    complexity=60,
    explainability="low",
    explanation="Millions of weights; single predictions are explained by leaving columns out.",
    upkeep="Predictions need torch and transformers; the package holds the language model (45 MB for MiniLM).",
    page=(
        "A trained model of language is taught further on the labelled texts themselves, so that it learns the words "
        "and the fine differences of this task. The strongest on texts from some hundred examples on, and the slowest: "
        "about ten seconds for a pass over 1,000 short texts on two cores, far less on a GPU. With base_model none a "
        "small network begins from nothing, with a vocabulary of the training rows: for codes, logs and languages that "
        "no base model has read. Other columns of the table join at its last layer."
    ),
    preparation=(
        "Texts become pieces of words, at most max_tokens of them; several text columns are read one after the other. "
        "Numbers are scaled and gaps flagged, categories become yes-or-no columns, dates their parts and cycles."
    ),
    settings=(
        Setting(
            "base_model", "minilm", pattern=PATTERN, words=WORDS, guidance="`trainwright gallery list` names some."
        ),
        Setting(
            "max_tokens", 256, 8, 8192, log=True, guidance="Tokens read of each text; raise it where texts are cut."
        ),
        Setting("columns", True, choices=(True, False), guidance="Whether the other columns take part."),
        Setting("epochs", 10, 1, 100_000, log=True, guidance="At most so many passes; early stopping decides."),
        Setting("batch_size", 16, 1, 10_000_000, log=True, guidance="Texts of one step; 32 where there are many rows."),
        Setting(
            "learning_rate",
            None,
            1e-8,
            10.0,
            choices=("auto",),
            log=True,
            guidance="0.00005 when fine-tuning, 0.001 from scratch. Lower it where validation only gets worse; auto "
            "tests a range.",
        ),
        Setting(
            "optimizer",
            "adamw",
            choices=OPTIMIZERS,
            guidance="adamw suits all.",
        ),
        Setting(
            "scheduler",
            "warmup_linear",
            choices=SCHEDULERS,
            guidance="How the rate falls; a warm-up keeps the first steps from spoiling what the base model knows.",
        ),
        Setting("warmup_ratio", 0.1, 0.0, 0.99, guidance="Share of the steps during which the rate rises."),
        Setting("warmup_steps", 0, 0, 10_000_000, guidance="The same as a number of steps, where it is not 0."),
        STEP_SIZE,
        Setting("gamma", 0.1, 1e-9, 1.0, guidance="scheduler step and plateau only: the factor of a reduction."),
        Setting("momentum", None, 0.0, 0.9999, guidance="sgd, momentum, nesterov and rmsprop only."),
        Setting("weight_decay", 0.01, 0.0, 10.0, guidance="Raise it when it overfits."),
        Setting("l2_regularization", 0.0, 0.0, 10.0, guidance="Within the loss, in place of weight_decay."),
        Setting("dropout", 0.1, 0.0, 0.99, guidance="Raise it when it overfits."),
        Setting(
            "augment",
            0.0,
            0.0,
            0.5,
            guidance="0.1 where texts are few: so many tokens of each training text are left out and neighbours "
            "swapped, anew at each step.",
        ),
        *OBJECTIVE,
        Setting("gradient_clip", 1.0, 1e-9, 1e9, log=True, guidance="The largest norm of a step's gradient."),
        EARLY_STOPPING,
        Setting("patience", 3, 1, 100_000, guidance="Epochs without improvement before it stops."),
        MIN_DELTA,
        Setting("layer_decay", 0.9, 0.1, 1.0, guidance="The rate of a layer as a share of that of the layer above it."),
        Setting(
            "frozen_epochs",
            0,
            0,
            1000,
            guidance="Epochs in which the base model stays as it is; its head is solved before the first in any case.",
        ),
        Setting(
            "frozen_layers", 0, 0, 100, guidance="Lowest layers that never change: quicker, and less is forgotten."
        ),
        Setting("depth", 2, 1, 24, guidance="base_model none only: layers.", only_with=("base_model", "none")),
        Setting(
            "width",
            128,
            32,
            2048,
            log=True,
            guidance="base_model none only: numbers for each token.",
            only_with=("base_model", "none"),
        ),
        Setting(
            "vocabulary",
            8000,
            50,
            100_000,
            log=True,
            guidance="base_model none only: pieces of words.",
            only_with=("base_model", "none"),
        ),
        PRECISION,
        Setting(
            "gradient_checkpointing", False, choices=(True, False), guidance="Saves memory, costs a third more time."
        ),
        COMPILE,
        SAVE_CHECKPOINT,
        Setting(
            "checkpoint_interval",
            1,
            1,
            100_000,
            guidance="Epochs between two checkpoints; at least a minute lies between two.",
        ),
        KEEP_EPOCH,
        DEVICE,
    ),
    iterations="epochs",
    fewest=2,
    cost=12.0,
    extra="neural",
    alone=True,
)
