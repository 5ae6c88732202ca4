"""Tasks: one for each kind of target, with its metrics, baselines, and how predictions combine and decide."""

from __future__ import annotations

from trainwright.data.schema import Target
from trainwright.tasks.classification import Classification
from trainwright.tasks.metric import Metric
from trainwright.tasks.regression import Regression
from trainwright.tasks.task import Task, metric_from

TASKS: dict[str, type[Task]] = {"classes": Classification, "number": Regression}
"""Every task by the name that a target gives it; a new task is a file and a line here."""


def task_for(target: Target) -> Task:
    """The task of a target.

    Example:
        >>> task_for(Target("price", "number")).default_name
        'rmse'
    """
    return TASKS[target.task](target)


__all__ = ["TASKS", "Classification", "Metric", "Regression", "Task", "metric_from", "task_for"]
