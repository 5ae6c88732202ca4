"""What a family of models is: plain data that `--help` and the YAML check may read, and the estimator's contract.

Importing this module, or `families`, imports no learning library.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import numpy as np

    from trainwright.data.columns import Columns, Dataset
    from trainwright.data.schema import Target

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Setting:
    """One setting of a family: its default, range and what to do with it.

    Args:
        name: the key in YAML.
        default: the value when nothing is given.
        low, high: inclusive range for numbers (None: unbounded).
        choices: the allowed values, for settings that are not numbers.
        log: searched on a logarithmic scale.
        guidance: when to raise or lower it, in one sentence.
        tasks: those it means something for; empty for all that the family serves.
        only_with: another setting and the value of it beside which this one is read, or None.
        pattern: the texts it may be, as a regular expression; "" where it is no text.
        words: these texts in words.
    """

    name: str
    default: Any
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()
    log: bool = False
    guidance: str = ""
    tasks: tuple[str, ...] = ()
    only_with: tuple[str, Any] | None = None
    pattern: str = ""
    words: str = ""


@dataclass(frozen=True)
class Spec:
    """A family of models, as data.

    Args:
        name: the key in YAML, on the command line and in the leaderboard.
        title: the name in words.
        estimator: "module:Class", imported only in a process that trains or predicts.
        tasks: the tasks it serves ("classes", "number").
        complexity: rank for "the simplest model": 0 majority, 10 linear, 20 tree, 30 forest, 40 boosting, 50 nets.
        explainability: "high", "medium" or "low", with `explanation` saying how one reads it.
        upkeep: what it takes to keep running, in a few words.
        page: what it is, when it is good, when it is not: a few sentences for `families show`.
        preparation: what is done to the columns before it, fitted inside the fold, in words.
        settings: the settings a user may change.
        iterations: the name of the setting that counts boosting rounds or trees, or None.
        cost: seconds to fit 1,000 rows of 10 features on one core at the default settings, roughly.
        extra: the optional install that it needs, or None.
        max_rows: training rows beyond which it learns from a sample of so many, or None.
        fewest: rounds with which it is no longer worth beginning.
        alone: one fit at a time uses all threads; fits side by side would wait for each other.
    """

    name: str
    title: str
    estimator: str
    tasks: tuple[str, ...]
    complexity: int
    explainability: str
    explanation: str
    upkeep: str
    page: str
    preparation: str
    settings: tuple[Setting, ...] = ()
    iterations: str | None = None
    cost: float = 0.01
    extra: str | None = None
    max_rows: int | None = None
    fewest: int = 60
    alone: bool = False

    def defaults(self) -> dict[str, Any]:
        """Every setting at its default."""
        return {setting.name: setting.default for setting in self.settings}

    def load(self) -> type[Estimator]:
        """Imports and returns the estimator class."""
        module, name = self.estimator.split(":")
        return getattr(import_module(module), name)


@dataclass
class Estimator:
    """The contract every family keeps; see `tests/models/test_models_contract.py`, which runs over all of them.

    Args:
        target: what is predicted.
        settings: values for the family's settings; those absent take their default.

    After `fit`, `derived` holds what the library decided itself (a learning rate, a thread count) and `iterations`
    the number of rounds kept, or None; `curve` its loss by round on the inner validation rows, {"steps", "validation"}
    with at most 100 points, or None; a network adds "training". `events` are what happened in a network's training
    beside the plan, {"kind", "step", "text", "advice"}. Both are told, not kept: `save` does not write them.
    `checkpoints`, where the caller set it before `fit`, is a folder for states from which a killed fit can go on.
    """

    target: Target
    settings: dict[str, Any] = field(default_factory=dict)
    grows: ClassVar[bool] = False  # `more` takes up classes of a wider target that the model does not know

    checkpoints: Path | None = field(default=None, init=False)
    derived: dict[str, Any] = field(default_factory=dict, init=False)
    iterations: int | None = field(default=None, init=False)
    curve: dict[str, list[float]] | None = field(default=None, init=False)
    events: list[dict[str, Any]] = field(default_factory=list, init=False)

    def fit(
        self,
        X: Columns,
        y: np.ndarray,
        *,
        sample_weight: np.ndarray | None = None,
        validation: Dataset | None = None,
        seed: int = 0,
        threads: int = 1,
        report: Report | None = None,
    ) -> Estimator:
        """Learns from n rows: y is (n,) class positions or numbers. `validation` was cut from the fold's own
        training rows by the caller and may stop the training; it is never the fold's held-out rows. Everything that
        is learned (imputation, scaling, encodings) is learned here, from these rows alone. The same seed, threads
        and rows give the same model, byte for byte. A class that y lacks gets probability 0."""
        raise NotImplementedError

    def predict(self, X: Columns) -> np.ndarray:
        """(n, k) probabilities in the order of `target.classes`, rows summing to 1; or (n,) numbers. Unseen and
        missing values never fail."""
        raise NotImplementedError

    def save(self, folder: Path) -> None:
        """Writes everything `load` needs into an existing empty folder: JSON, npz (no objects) or the library's own
        text or binary format; never a pickle. The same model writes the same bytes."""
        raise NotImplementedError

    @classmethod
    def load(cls, folder: Path, target: Target) -> Estimator:
        """The model as `save` wrote it; predictions are equal, bit by bit where the format allows it."""
        raise NotImplementedError

    def staged(self, X: Columns, rounds: list[int]) -> list[np.ndarray] | None:
        """What `predict` would say after each of these rounds, ascending and at most `iterations`; None when the family
        does not learn in rounds."""
        return None

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
    ) -> Estimator | None:
        """A new model that learns on from this fitted one: its encodings stay, and rounds are added (at most `rounds`;
        None: as many as it has). The other arguments are those of `fit`. None when the family can only be fitted anew,
        or when y holds a class that this model does not know."""
        return None

    def _tell(self, inner: Estimator) -> None:
        """What a fitted model within this one tells is told by this one."""
        self.derived, self.iterations, self.curve = inner.derived, inner.iterations, inner.curve
        self.events = inner.events

    def contributions(self, X: Columns) -> dict[str, np.ndarray] | None:
        """For each original feature (n,) its push on the log-odds of the positive (or predicted) class, or on the
        number; None when the family offers no exact account."""
        return None
