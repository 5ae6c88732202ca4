"""The tasks that a child does, by name: code of ours, never named by a request."""

from __future__ import annotations

TASKS = {
    "columns": "trainwright.web.helpers.looking:columns",
    "look": "trainwright.web.helpers.looking:look",
    "submit": "trainwright.web.helpers.tables:submit",
    "queue_try": "trainwright.web.helpers.further:queue_try",
    "queue_search": "trainwright.web.helpers.further:queue_search",
    "queue_repetition": "trainwright.web.helpers.further:queue_repetition",
    "queue_measurement": "trainwright.web.helpers.further:queue_measurement",
    "reproduction": "trainwright.web.helpers.further:reproduction",
    "predict": "trainwright.web.helpers.predicting:predict",
    "inputs": "trainwright.web.helpers.predicting:inputs",
    "compare": "trainwright.web.helpers.versions:compare_versions",
    "compare_trainings": "trainwright.web.helpers.versions:compare_trainings",
    "evaluate": "trainwright.web.helpers.versions:evaluate_version",
    "decide": "trainwright.web.helpers.versions:decide",
    "export": "trainwright.web.helpers.versions:export",
    "report": "trainwright.web.helpers.versions:report",
}
