"""Settings under which a training chooses as much as it can: a search, stacking, columns, a curve, a decision.

What was chosen by looking at predictions is where a test label, or chance, would show; benchmarks train once as usual
and once like this.
"""

from __future__ import annotations

from typing import Any

PLAIN, EVERYTHING = "as usual", "everything on"
MODES = (PLAIN, EVERYTHING)
TRIALS = 6
# What each part is called where it is left out because this release does not have its keys.
PARTS: dict[str, dict[str, Any]] = {
    "tuning": {
        "search.method": "random",
        "search.space": "first",
        "search.trials": TRIALS,
        "search.families": ("lightgbm",),
    },
    "stacking": {"training.ensemble": "stacking"},
    "selected columns": {"training.select_features": True},
}
WORDS = (
    f"a search of {TRIALS} settings of LightGBM before the training, stacking, columns chosen within each fold, for "
    "classes an isotonic calibration, and for two classes a decision for the most F-beta"
)
CLASSES = {"calibration": {"training.calibration": "isotonic"}}
TWO = {"decision": {"decision.beta": 2.0}}


def overrides(mode: str, classes: int) -> tuple[dict[str, Any], list[str]]:
    """The settings of a mode, and the names of parts that this release does not have.

    Args:
        mode: of `MODES`.
        classes: of the target; 0 for a number.
    """
    from trainwright.config.places import field_of

    found: dict[str, Any] = {}
    missing: list[str] = []
    if mode == PLAIN:
        return found, missing
    for name, keys in {**PARTS, **(CLASSES if classes else {}), **(TWO if classes == 2 else {})}.items():
        if all(field_of(key) is not None for key in keys):
            found |= keys
        else:
            missing.append(name)
    return found, missing


def written(settings: dict[str, Any]) -> str:
    """The settings as a YAML file (JSON is YAML)."""
    import json

    blocks: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        block, _, name = key.partition(".")
        blocks.setdefault(block, {})[name] = list(value) if isinstance(value, tuple) else value
    return json.dumps(blocks, indent=1)
