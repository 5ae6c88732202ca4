"""What a training tells while it runs: a line every k steps, a line per epoch, and the points of its curves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from trainwright.config.durations import format_duration
from trainwright.config.resolve import Choice

Report = Callable[[dict[str, Any]], None]


class Records:
    """Turns steps and epochs into events for `report`.

    Each event is {"kind", "message", ...}: "choice" for what was settled before the start, "step" and "epoch" with
    "points", a batch of [series, step, value] for the curves, and "notice" for what a person should know.

    Args:
        report: where events go, or None.
        total: steps of the whole training.
        epochs: of the whole training.
    """

    def __init__(self, report: Report | None, *, total: int, epochs: int):
        self._report = report
        self._total, self._epochs = total, epochs
        self.notices: list[str] = []

    def choices(self, choices: Mapping[str, Choice]) -> None:
        """What was settled, each with its reason."""
        for name, choice in choices.items():
            message = f"{name}: {choice.value} ({choice.reason})"
            self._tell({"kind": "choice", "name": name, "value": choice.value, "message": message})

    def step(self, step: int, loss: float, rate: float, norm: float) -> None:
        """A line such as `Step 100/500: loss=2.341, lr=5e-5, grad_norm=1.23`."""
        message = f"Step {step}/{self._total}: loss={figure(loss)}, lr={power(rate)}, grad_norm={figure(norm, 3)}"
        points = [["Loss/step", step, loss], ["Learning rate", step, rate], ["Gradient norm", step, norm]]
        self._tell({"kind": "step", "message": message, "points": points})

    def epoch(self, row: Mapping[str, Any], *, seconds: float, used: Mapping[str, float] | None = None) -> None:
        """A line with training and validation loss, the metrics, and the time that the rest may take.

        Args:
            row: of the history; metrics of a single class, such as "f1/yes", are points alone, not words.
            seconds: that this epoch took.
            used: of the machine; see `usage.Usage`.
        """
        epoch = row["epoch"]
        names = [("loss", "train_loss"), ("validation", "validation_loss")]
        told = [f"{word} {figure(row[name])}" for word, name in names if row.get(name) is not None]
        told += [f"{name} {figure(value)}" for name, value in row["metrics"].items() if "/" not in name]
        left = self._epochs - epoch
        if left:
            told.append(f"at most {format_duration(left * seconds)} left")
        points = [["Loss/train", epoch, row["train_loss"]]]
        if row.get("validation_loss") is not None:
            points.append(["Loss/validation", epoch, row["validation_loss"]])
        points += [[f"{name[:1].upper()}{name[1:]}/validation", epoch, value] for name, value in row["metrics"].items()]
        points += [[name, epoch, value] for name, value in (used or {}).items()]
        message = f"Epoch {epoch}/{self._epochs}: {', '.join(told)}"
        self._tell({"kind": "epoch", "message": message, "epoch": epoch, "epochs": self._epochs, "points": points})

    def notice(self, text: str) -> None:
        """Something that a person should know; kept for the result, too."""
        self.notices.append(text)
        self._tell({"kind": "notice", "message": text})

    def _tell(self, event: dict[str, Any]) -> None:
        if self._report is not None:
            self._report(event)


def figure(value: float, digits: int = 4) -> str:
    """A figure as a line shows it.

    Example:
        >>> figure(2.34096), figure(0.00012345), figure(float("nan")), figure(1234567.0)
        ('2.341', '0.0001234', 'nan', '1.235e+06')
    """
    return f"{value:.{digits}g}" if math.isfinite(value) else str(value)


def power(value: float) -> str:
    """A learning rate, small ones as a power of ten.

    Example:
        >>> power(0.00005), power(0.001), power(0.00123456), power(1.5e-7)
        ('5e-5', '0.001', '0.001235', '1.5e-7')
    """
    text = f"{value:.4g}"
    mantissa, sign, exponent = text.partition("e-")
    return f"{mantissa}e-{int(exponent)}" if sign else text
