"""The family `tabular_net`, as data: one strong network for tables that needs no tuning."""

from __future__ import annotations

from trainwright.models.objective import DEVICE, LOSS
from trainwright.models.spec import Setting, Spec

SPEC = Spec(
    name="tabular_net",
    title="Network for tables (RealMLP, TabM)",
    estimator="trainwright.models.nets.tabular:TabularNet",
    tasks=("classes", "number"),
    complexity=52,
    explainability="low",
    explanation="Some hundred thousand weights; single predictions are explained by leaving columns out.",
    upkeep="None: arrays of weights, predictions by NumPy alone; training needs torch.",
    page=(
        "A network whose settings were chosen on many tables rather than for one: RealMLP on a processor, TabM, many "
        "small networks that share their weights, on a GPU. Often a little behind boosting, but its errors differ, "
        "which is what an average of models lives on. It learns for ten times as long; predictions take well under a "
        "millisecond. Where trees cut, it bends: strong on numbers that act together smoothly, weak where single "
        "values of a number mean something of their own."
    ),
    preparation=(
        "Gaps are filled with the median and flagged; all numbers are centred on their median, measured in units of "
        "their middle half and bent softly, so that none lies far out. Each number also becomes three learned mixtures "
        "of waves. Categories of up to 9 levels become yes-or-no columns, larger ones 8 learned numbers for each "
        "level; dates become their parts and cycles, texts the weights of up to 100 words."
    ),
    settings=(
        Setting(
            "kind",
            "auto",
            choices=("auto", "realmlp", "tabm"),
            guidance="auto takes tabm where a GPU is at hand, realmlp elsewhere.",
        ),
        Setting("epochs", 64, 1, 100_000, log=True, guidance="Passes over the rows; more is better, and slower."),
        Setting("batch_size", 256, 1, 1_000_000, log=True, guidance="Rows of a step; fewer where there are few rows."),
        Setting(
            "learning_rate",
            None,
            1e-6,
            10.0,
            log=True,
            guidance="0.04 for classes, 0.2 for a number, 0.002 for tabm; lower it when training is unstable.",
        ),
        Setting("width", None, 4, 4096, log=True, guidance="Units of a layer: 256, tabm 512; fewer are faster."),
        Setting("depth", 3, 1, 16, guidance="Hidden layers."),
        Setting("dropout", 0.15, 0.0, 0.95, guidance="Raise it to 0.3 when it overfits."),
        Setting("weight_decay", None, 0.0, 10.0, guidance="0.02, tabm 0.0003; raise it when it overfits."),
        LOSS,
        Setting(
            "label_smoothing",
            0.0,
            0.0,
            0.9,
            guidance="0.1 gains accuracy at the cost of the probabilities.",
            tasks=("classes",),
        ),
        DEVICE,
    ),
    iterations="epochs",
    cost=10.0,
    extra="neural",
    max_rows=100_000,
    fewest=8,
    alone=True,
)
