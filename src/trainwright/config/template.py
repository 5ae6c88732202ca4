"""The commented file that `trainwright config init` writes: every key, ready to be switched on."""

from __future__ import annotations

import textwrap

from trainwright.config.document import show
from trainwright.config.keys import extra
from trainwright.config.places import field_of, is_block
from trainwright.config.settings import BLOCKS

# What most people set; switched on in the template. The rest are comments.
ACTIVE = ("data.train_file", "data.target", "training.time_limit", "training.seed")

HEAD = """# Trainwright configuration. Every key is optional; remove the '#' before a key to use it.
# Check it with:  trainwright config check THIS_FILE
# Train with:     trainwright train --config THIS_FILE
"""


def template(*, train_file: str = "train.csv", target: str = "label") -> str:
    """The text of a configuration file with all keys and their guidance.

    Args:
        train_file: the table.
        target: the column to predict.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> load_settings(text=template(target="income")).data.target
        'income'
    """
    values = {"data.train_file": show(train_file), "data.target": show(target)}
    lines = [HEAD, "# project: adult", ""]
    for block in ("data", "training", "requirements", "problem", "search", "decision", "track"):
        lines.append(f"{block}:")
        network = False
        for name in BLOCKS[block].model_fields:
            field = field_of(f"{block}.{name}")
            assert field is not None
            if extra(field, "concerns") == "neural" and not network:
                network = True
                lines += ["  # For neural networks only:", ""]
            lines += _entry(f"{block}.{name}", "  ", values)
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _entry(name: str, indent: str, values: dict[str, str]) -> list[str]:
    field = field_of(name)
    assert field is not None
    key = name.rpartition(".")[2]
    width = 110 - len(indent)
    guidance = [f"{indent}# {line}" for line in textwrap.wrap(field.description or "", width - 2)]
    if is_block(name):
        annotation = field.annotation
        inner = list(annotation.model_fields) if isinstance(annotation, type) else []
        lines = [*guidance, f"{indent}# {key}:"]
        for part in inner:
            inside = field_of(f"{name}.{part}")
            assert inside is not None
            lines.append(f"{indent}#   {part}: {show((inside.examples or [None])[0])}")
        return lines
    value = values.get(name) or show((field.examples or [None])[0])
    mark = "" if name in ACTIVE else "# "
    return [*guidance, f"{indent}{mark}{key}: {value}"]
