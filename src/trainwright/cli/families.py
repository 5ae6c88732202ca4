"""`trainwright families`: the kinds of model, what they cost, and every setting with its guidance."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option


@click.group(help="The kinds of model and their settings.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command("list", help="Every family of models, simplest first.")
@json_option
def list_families(as_json: bool) -> None:
    """Lists the families."""
    from trainwright.models.extras import install_command, is_installed
    from trainwright.models.families import families

    rows = list(families().values())
    if as_json:
        output.print_json([_document(spec) for spec in rows])
        return
    output.table(
        ["name", "what it is", "tasks", "explainability", "extra", "upkeep"],
        [[s.name, s.title, ", ".join(s.tasks), s.explainability, _extra(s), s.upkeep] for s in rows],
    )
    for spec in rows:
        if not is_installed(spec):
            output.say(f"{spec.name} is not installed here: {install_command(spec)}")


@COMMAND.command(help="One family: what it is, when to use it, its settings.")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Shows one family."""
    from difflib import get_close_matches

    from trainwright.errors import UserError
    from trainwright.models.extras import install_command, is_installed
    from trainwright.models.families import families

    known = families()
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"the families are {', '.join(known)}"
        raise UserError(f"there is no family {name!r}", remedy=hint)
    spec = known[name]
    if as_json:
        output.print_json(_document(spec))
        return
    output.say(f"{spec.name}: {spec.title}\n\n{spec.page}\n")
    output.say(f"Preparation: {spec.preparation}")
    output.say(f"Explainability: {spec.explainability}: {spec.explanation}\nUpkeep: {spec.upkeep}\n")
    if not is_installed(spec):
        output.say(f"Its library is not installed here: {install_command(spec)}\n")
    if spec.settings:
        rows = [[s.name, s.default, _range(s), s.guidance] for s in spec.settings]
        output.table(["setting", "default", "allowed", "guidance"], rows)
        output.say(f"\nSet them in YAML under training.family_settings.{spec.name}.")


def _range(setting: Any) -> str:
    if setting.pattern:
        return str(setting.words)
    if setting.choices:
        return ", ".join(str(choice) for choice in setting.choices)
    low = "" if setting.low is None else f"{setting.low:g}"
    high = "" if setting.high is None else f"{setting.high:g}"
    return f"{low}..{high}" if low or high else "any"


def _extra(spec: Any) -> str:
    """Which extra the family needs, and whether it is there; empty for the default install."""
    from trainwright.models.extras import is_installed

    return "" if spec.extra is None else f"{spec.extra} ({'installed' if is_installed(spec) else 'not installed'})"


def _document(spec: Any) -> dict[str, Any]:
    from trainwright.models.extras import is_installed

    keys = ("name", "title", "tasks", "complexity", "explainability", "explanation", "upkeep", "page", "preparation")
    document = {key: getattr(spec, key) for key in keys}
    document |= {"extra": spec.extra, "installed": is_installed(spec)}
    return document | {"settings": [vars(setting) for setting in spec.settings]}
