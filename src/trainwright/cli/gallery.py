"""`trainwright gallery`: the base models that text families begin from, and where each is found."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option


@click.group(help="Base models for texts: size, licence, memory need, where each is found.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command("list", help="Every base model of the gallery, the default first.")
@json_option
def list_models(as_json: bool) -> None:
    """Lists the gallery."""
    from trainwright.models.gallery import gallery

    models = list(gallery().values())
    if as_json:
        output.print_json([_document(model) for model in models])
        return
    rows = [
        [m.name, m.title, f"{m.parameters / 1e6:.0f} M", f"{m.megabytes} MB", m.licence, m.languages, _place(m)]
        for m in models
    ]
    output.table(["name", "what it is", "weights", "size", "licence", "languages", "where"], rows)
    output.say("Name one with --base-model; a folder, PROJECT@vN, a name on the hub, or none do as well.")


@COMMAND.command(help="One base model: what it is for, what it needs, how to get it.")
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Shows one model."""
    from trainwright.data.notes import nearest
    from trainwright.errors import UserError
    from trainwright.models.gallery import gallery, how_to_get

    known = gallery()
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean {near!r}?" if near else f"the gallery has {', '.join(known)}"
        raise UserError(f"there is no model {name!r} in the gallery", remedy=hint)
    model = known[name]
    document = _document(model)
    if as_json:
        output.print_json(document)
        return
    output.say(f"{model.name}: {model.title}\n\n{model.page}\n")
    output.say(f"On the hub: {model.hub}\nLicence of the weights: {model.licence}\nLanguages: {model.languages}")
    output.say(
        f"Shape: {model.layers} layers, {model.width} wide, {model.heads} heads, "
        f"{model.parameters:,} weights, {model.megabytes} MB; reads {model.limit} tokens of a text"
    )
    output.say(
        f"Memory, roughly: {document['predicting_gb']} GB to embed and predict, {document['training_gb']} GB to "
        "fine-tune at batch 16 with texts of 128 tokens"
    )
    here = document["folder"]
    output.say(f"Found in {document['where']}: {here}" if here else f"Not on this machine: {how_to_get(model)}")
    output.say(f"Works without a network: {'yes' if here else 'not yet'}")


def _place(model: Any) -> str:
    from trainwright.models.gallery import find, how_to_get

    place = find(model)
    return f"here ({place.words})" if place is not None else f"not here: {how_to_get(model)}"


def _document(model: Any) -> dict[str, Any]:
    from trainwright.models.gallery import find, how_to_get

    place = find(model)
    keys = ("name", "title", "hub", "parameters", "megabytes", "layers", "width", "heads", "limit", "licence")
    document = {key: getattr(model, key) for key in (*keys, "languages", "page", "package")}
    return document | {
        "predicting_gb": round(model.predicting_gb(), 1),
        "training_gb": round(model.training_gb(), 1),
        "offline": place is not None,
        "where": None if place is None else place.words,
        "folder": None if place is None else str(place.folder),
        "how_to_get": how_to_get(model),
    }
