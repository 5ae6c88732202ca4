"""What the words of the pages mean, for a reader who never trained a model; beside the terms of `evaluate.glossary`,
which reports use, too."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "project": (
        "Project",
        "One problem to be solved, such as which customers will leave. Its tables, trainings and versions belong "
        "together: they share the sealed test and can be compared.",
    ),
    "dataset_version": (
        "Dataset version",
        "A table as it was when it was trained on: d1, d2, and so on. It never changes, so a training can be repeated.",
    ),
    "finding": (
        "Finding",
        "Something in the data that may spoil a model: repeated rows, a column that gives the answer away, a class "
        "with hardly any rows. Each has a code, what was seen, and what can be done about it.",
    ),
    "job": (
        "Job",
        "One training in the queue: what it was asked for with, how far it is, and what came of it. Every training is "
        "one, from this page, the command line or Python.",
    ),
    "attempt": (
        "Attempt",
        "One go at a job. When a machine fails, a worker begins another attempt; the fits that were finished are kept.",
    ),
    "worker": (
        "Worker",
        "The program that takes jobs from the queue and does the training. While none runs, jobs wait.",
    ),
    "candidate": (
        "Candidate",
        "A kind of model with its settings, tried in a training. The best one, or a blend of several, becomes the "
        "version.",
    ),
    "family": (
        "Family",
        "A kind of model: linear, forest, boosting, neural network, and so on. None is best everywhere, so several "
        "are tried.",
    ),
    "fit": (
        "Fit",
        "A candidate learning once, from the rows of one fold. Five candidates on three folds are fifteen fits.",
    ),
    "fold": (
        "Fold",
        "The rows are cut into parts of about the same size, the folds. Each part is left out once and predicted by a "
        "model that learned from the others, so that every row is judged by a model that never saw it.",
    ),
    "held_out": (
        "Held-out rows",
        "Rows that a model did not learn from. How it does on them shows what to expect of new rows; how it does on "
        "the rows it learned from does not.",
    ),
    "epoch": (
        "Epoch",
        "One pass of a neural network over all the rows that it learns from. It learns in many, and the best one is "
        "kept.",
    ),
    "loss": (
        "Loss",
        "How wrong a model is, as the one number that training makes smaller. On the rows learned from it nearly "
        "always falls; once it rises on held-out rows, the model only learns its rows by heart.",
    ),
    "learning_rate": (
        "Learning rate",
        "How far a neural network moves its weights at each step. Too high and it jumps about, too low and it hardly "
        "gets on. It often rises at the beginning and falls towards the end.",
    ),
    "gradient_norm": (
        "Gradient norm",
        "How strongly the rows of a step pull at the weights of a neural network. High peaks mean unsteady training; a "
        "lower learning rate or gradient clipping calms it.",
    ),
    "calibration": (
        "Calibration",
        "A correction after training that makes probabilities mean what they say: of the rows given 80 %, about 80 of "
        "100 should turn out so.",
    ),
    "incremental": (
        "Incremental training",
        "A version learns on from new rows and keeps what it knew, instead of learning everything anew. It may also "
        "learn classes that it did not have.",
    ),
    "version": (
        "Version",
        "What a training made: v1, v2, and so on. A version never changes, so what it answered can be found out later.",
    ),
    "active": (
        "Active version",
        "The version that answers. Another one answers only once somebody activates it, and rolling back returns to "
        "the one before.",
    ),
    "headline": (
        "Headline figure",
        "The one figure that tells how good a version is, with its interval: measured on the sealed test, or on "
        "held-out rows where there is none.",
    ),
    "decision": (
        "Decision",
        "How the probabilities of a version become answers: thresholds, costs and when a person should look. It is "
        "kept beside the version as d1, d2, and so on, and can change while the version stays as it is.",
    ),
    "package": (
        "Package",
        "A version as files that answer anywhere, without this server. No training row is inside.",
    ),
    "schedule": (
        "Schedule",
        "Times at which a project is trained again by itself, such as every Monday at three.",
    ),
}
