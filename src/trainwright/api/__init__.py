"""The library's verbs and their results: the names that `import trainwright` offers, by what they are for."""

from __future__ import annotations

from trainwright.api.connect import Server, connect
from trainwright.api.searching import SearchResult, tune
from trainwright.api.training import Result, train, try_setting
from trainwright.api.understanding import compare_runs, learning_curve, reproduce, stability
from trainwright.api.using import decide, export, load

__all__ = [
    "Result",
    "SearchResult",
    "Server",
    "compare_runs",
    "connect",
    "decide",
    "export",
    "learning_curve",
    "load",
    "reproduce",
    "stability",
    "train",
    "try_setting",
    "tune",
]
