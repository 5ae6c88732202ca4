"""Writes the page of all settings from the model, so that the page cannot lag behind the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from trainwright.config.flags import flag_name
from trainwright.config.keys import extra
from trainwright.config.places import all_keys, field_of
from trainwright.config.presets import PRESETS
from trainwright.config.settings import BLOCKS
from trainwright.config.words import allowed

INTRODUCTION = """# Configuration

One YAML file says everything about a run. Nearly every key is also a flag of `trainwright train` (its column
names it), and in Python any key goes into `settings`:
`tw.train("adult.csv", target="income", settings={"training.epochs": 20})`.
`trainwright config init` writes a commented file, `trainwright config check FILE` checks one,
and `trainwright config schema` gives the JSON schema for your editor.

- A flag wins over the file, the file over the preset, the preset over the default. Each run records where
  every value came from.
- Keys may stand in their block or on their own: a bare `epochs: 20` belongs to `training:`. The keys of the
  split may stand under `training:` as well as under `data:`; two different values are refused.
- Keys marked *network* concern neural networks only. For other families they change nothing, and the run
  says so.
- A wrong key or value is refused with its line, what is allowed and the nearest match.
- A relative `train_file` is looked for beside the configuration file.

This page is written by `trainwright.config.document.write_page`; change the model in
`src/trainwright/config/` instead.
"""


def page() -> str:
    """The page in Markdown."""
    parts = [INTRODUCTION]
    parts.append("## `project:`\n\n" + _table(["project"]))
    for block, model in BLOCKS.items():
        doc = " ".join((model.__doc__ or "").split())
        names = [name for name in all_keys() if name.startswith(f"{block}.")]
        parts.append(f"## `{block}:`\n\n{doc}\n\n{_table(names)}")
    parts.append("## Presets\n\n" + _presets())
    return "\n".join(parts)


def write_page(path: Path) -> None:
    """Writes the page to a file."""
    path.write_text(page(), encoding="utf-8")


def show(value: Any) -> str:
    """A value as it stands in a file, on one line.

    Example:
        >>> show({"postcode": "category"}), show(True), show(("a", "b"))
        ('{postcode: category}', 'true', '[a, b]')
    """
    plain = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(plain, default_flow_style=True, width=10_000, allow_unicode=True, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _table(names: list[str]) -> str:
    lines = ["| key | values | default | flag | what it does |", "|---|---|---|---|---|"]
    for name in names:
        field = field_of(name)
        assert field is not None
        key = name.partition(".")[2] or name
        network = " *network*" if extra(field, "concerns") == "neural" else ""
        flag = flag_name(name)
        cells = (
            f"`{key}`{network}",
            allowed(field),
            _default(field),
            f"`{flag}`" if flag else "",
            f"{field.description} Example: `{key.rpartition('.')[2]}: {show(field.examples[0])}`"
            if field.examples
            else str(field.description),
        )
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    if field.default is None or field.default in ((), {}, ""):
        return ""
    return f"`{show(field.default)}`"


def _presets() -> str:
    keys = list(dict.fromkeys(key for values in PRESETS.values() for key in values))
    lines = [f"| key | {' | '.join(PRESETS)} |", "|---" * (len(PRESETS) + 1) + "|"]
    for key in keys:
        cells = [f"`{show(values[key])}`" if key in values else "" for values in PRESETS.values()]
        lines.append(f"| `{key}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
