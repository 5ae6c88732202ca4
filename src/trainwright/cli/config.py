"""`trainwright config`: write, check and describe the YAML of a run."""

from __future__ import annotations

from pathlib import Path

import click

from trainwright.cli import output
from trainwright.cli.output import json_option


@click.group(help="Write, check and describe the YAML of a run.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command(help="Write a commented YAML with every key.")
@click.argument("path", default="trainwright.yaml")
@click.option("--target", default="label", help="The column to predict.")
@click.option("--train-file", default="train.csv", help="The table.")
@json_option
def init(path: str, target: str, train_file: str, as_json: bool) -> None:
    """Writes a template."""
    from trainwright.config.template import template
    from trainwright.errors import EnvironmentProblem, UserError

    try:
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(template(train_file=train_file, target=target))
    except FileExistsError:
        raise UserError(f"{path} exists", remedy="give another name, or remove it first") from None
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be written: {error.strerror}") from None
    if as_json:
        output.print_json({"written": path})
    else:
        output.say(f"{path} is written; check it with `trainwright config check {path}`")


@COMMAND.command(help="Check a YAML: every wrong key or value is named with its line.")
@click.argument("path")
@json_option
def check(path: str, as_json: bool) -> None:
    """Checks a file."""
    from trainwright.config.effects import effects
    from trainwright.config.resolve import resolve_families, resolve_split, resolve_time_limit
    from trainwright.config.source import load_settings

    settings = load_settings(path)
    families = resolve_families(settings)
    notes = effects(settings, families or ())
    if as_json:
        document = settings.model_dump(mode="json", exclude_defaults=True)
        output.print_json({"settings": document, "origins": settings.origins, "notes": notes})
        return
    output.say(f"{path} is sound")
    output.say(f"split: {resolve_split(settings).reason}")
    limit = resolve_time_limit(settings)
    output.say(f"time limit: {limit.value:g} s ({limit.reason})")
    for note in notes:
        output.say(f"note: {note}")


@COMMAND.command(help="The JSON schema of the YAML, for editors.")
@json_option
def schema(as_json: bool) -> None:
    """Prints the schema."""
    from trainwright.config.schema import json_schema

    output.print_json(json_schema())
