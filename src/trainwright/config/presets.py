"""The four presets: plans for tables, and the values printed for neural networks."""

from __future__ import annotations

from typing import Any

# By key. The plans for tables are ours; epochs, batch sizes, rates and the rest of a network are those that
# the description of the four scenarios prints.
PRESETS: dict[str, dict[str, Any]] = {
    # For a first look: are these data worth more time?
    "quick": {
        "training.time_limit": 30.0,
        "training.families": ("linear", "forest", "lightgbm"),
        "data.folds": 3,
        "training.epochs": 5,
        "training.batch_size": 64,
        "training.learning_rate": 0.01,
    },
    # The default plan.
    "balanced": {
        "training.time_limit": 120.0,
        "data.folds": 5,
        "training.epochs": 20,
        "training.batch_size": 32,
        "training.learning_rate": 0.001,
        "training.early_stopping": True,
    },
    # The default plan with more folds and time, for the version that will answer.
    "production": {
        "training.time_limit": 600.0,
        "data.folds": 8,
        "training.epochs": 100,
        "training.batch_size": 16,
        "training.learning_rate": 0.001,
        "training.scheduler": "cosine_annealing",
        "training.early_stopping": True,
        "training.patience": 10,
        "training.dropout": 0.3,
    },
    # Few rows: a single set of folds says little, and large models learn the rows by heart.
    "limited-data": {
        "training.time_limit": 120.0,
        "training.families": ("linear", "forest", "catboost"),
        "training.family_settings": {"catboost": {"depth": 4, "l2_leaf_reg": 10.0}},
        "data.folds": 5,
        "data.repeats": 3,
        "requirements.simplest": True,
        "training.epochs": 50,
        "training.batch_size": 16,
        "training.learning_rate": 0.0001,
        "training.dropout": 0.5,
        "training.l2_regularization": 0.001,
    },
}
