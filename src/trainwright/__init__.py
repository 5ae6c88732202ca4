"""Trainwright: from a labelled table to a model you can trust.

Example:
    >>> import trainwright as tw
    >>> tw.__version__.count(".") >= 1
    True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.api import Result as Result
    from trainwright.api import SearchResult as SearchResult
    from trainwright.api import compare_runs as compare_runs
    from trainwright.api import connect as connect
    from trainwright.api import decide as decide
    from trainwright.api import export as export
    from trainwright.api import learning_curve as learning_curve
    from trainwright.api import load as load
    from trainwright.api import reproduce as reproduce
    from trainwright.api import stability as stability
    from trainwright.api import train as train
    from trainwright.api import try_setting as try_setting
    from trainwright.api import tune as tune
    from trainwright.errors import EnvironmentProblem as EnvironmentProblem
    from trainwright.errors import TrainwrightError as TrainwrightError
    from trainwright.errors import UserError as UserError
    from trainwright.estimators import TabularClassifier as TabularClassifier
    from trainwright.estimators import TabularRegressor as TabularRegressor

__version__ = "0.1.0"

# Loaded when first used: `import trainwright` must cost next to nothing.
_WHERE = {
    "train": "api",
    "load": "api",
    "learning_curve": "api",
    "stability": "api",
    "try_setting": "api",
    "compare_runs": "api",
    "reproduce": "api",
    "decide": "api",
    "connect": "api",
    "export": "api",
    "Result": "api",
    "SearchResult": "api",
    "tune": "api",
    "TabularClassifier": "estimators",
    "TabularRegressor": "estimators",
    "TrainwrightError": "errors",
    "UserError": "errors",
    "EnvironmentProblem": "errors",
}

__all__ = [*_WHERE, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'trainwright' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"trainwright.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
