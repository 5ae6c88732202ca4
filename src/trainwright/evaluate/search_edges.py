"""Whether the best settings lie on an edge of what was searched: beyond it better ones may lie."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.models.space import Space
from trainwright.models.spec import Spec


def edges(space: Space, spec: Spec, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """For each setting on an edge: {"setting", "value", "end", "range", "wider", "text"}.

    Args:
        space: what was searched.
        spec: the family, whose own bounds cannot be passed.
        settings: the best ones, each setting of the space among them.

    Example:
        >>> from trainwright.models.forest import SPEC
        >>> from trainwright.models.space import Dimension
        >>> space = Space("forest", (Dimension("min_samples_leaf", (5, 10, 20)),))
        >>> edges(space, SPEC, {"min_samples_leaf": 20})[0]["text"]
        'min_samples_leaf is best at 20, the highest of 5, 10, 20: try 5, 10, 20, 40'
    """
    known = {setting.name: setting for setting in spec.settings}
    out = []
    for dimension in space.dimensions:
        value = settings.get(dimension.name)
        end = dimension.edge(value) if dimension.holds(value) else None
        wider = dimension.wider(end, known[dimension.name]) if end is not None else None
        if end is None or wider is None:
            continue
        shown = f"{value:g}" if isinstance(value, float) else str(value)
        out.append(
            {
                "setting": dimension.name,
                "value": value,
                "end": end,
                "range": dimension.to_json(),
                "wider": wider.to_json(),
                "text": f"{dimension.name} is best at {shown}, the {end} of {dimension.words()}: try {wider.words()}",
            }
        )
    return out
