"""`trainwright gallery`: the base models that text families begin from, and where each is found."""

from __future__ import annotations

from typing import Any

import click

from trainwright.cli import output
from trainwright.cli.output import json_option, workspace_option


@click.group(help="Base models for texts: size, licence, memory need, where each is found; and models of your own.")
def COMMAND() -> None:
    """The group."""


@COMMAND.command("list", help="Every base model of the gallery, the default first, then the workspace's own.")
@workspace_option
@json_option
def list_models(workspace: str | None, as_json: bool) -> None:
    """Lists the gallery."""
    from trainwright.models.gallery import gallery

    own = _own(workspace)
    models = [*gallery().values(), *(entry.model for entry in own.values())]
    if as_json:
        output.print_json([_document(model, own) for model in models])
        return
    rows = [
        [m.name, m.title, f"{m.parameters / 1e6:.0f} M", f"{m.megabytes} MB", m.licence, m.languages, _place(m, own)]
        for m in models
    ]
    output.table(["name", "what it is", "weights", "size", "licence", "languages", "where"], rows)
    output.say("Name one with --base-model; a folder, PROJECT@vN, a name on the hub, or none do as well.")


@COMMAND.command(help="One base model: what it is for, what it needs, how to get it.")
@click.argument("name")
@workspace_option
@json_option
def show(name: str, workspace: str | None, as_json: bool) -> None:
    """Shows one model."""
    from trainwright.data.notes import nearest
    from trainwright.errors import UserError
    from trainwright.models.gallery import gallery, how_to_get

    own = _own(workspace)
    known = gallery() | {name: entry.model for name, entry in own.items()}
    if name not in known:
        near = nearest(name, known)
        hint = f"did you mean {near!r}?" if near else f"the gallery has {', '.join(known)}"
        raise UserError(f"there is no model {name!r} in the gallery", remedy=hint)
    model = known[name]
    document = _document(model, own)
    if as_json:
        output.print_json(document)
        return
    output.say(f"{model.name}: {model.title}\n\n{model.page}\n")
    origin = f"On the hub: {model.hub}" if model.hub else f"Published from: {own[name].version}, {own[name].base}"
    output.say(f"{origin}\nLicence of the weights: {model.licence}\nLanguages: {model.languages}")
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


@COMMAND.command(
    help="Makes the fine-tuned language model of a version (PROJECT or PROJECT@v2) a base model of this workspace."
)
@click.argument("version")
@click.option("--name", metavar="NAME", help="As it will be given to --base-model; by default PROJECT-vN.")
@workspace_option
@json_option
def publish(version: str, name: str | None, workspace: str | None, as_json: bool) -> None:
    """Publishes one model."""
    from trainwright.packages.gallery import publish_base
    from trainwright.store.workspace import open_workspace

    entry = publish_base(open_workspace(workspace, create=False), version, name)
    if as_json:
        output.print_json(_document(entry.model, {entry.model.name: entry}))
        return
    model = entry.model
    output.say(f"{model.name}: {model.title}, {model.parameters:,} weights, {model.megabytes} MB, in {entry.folder}")
    output.say(f"Licence of the weights: {model.licence}")
    output.say(f"Use it with --base-model {model.name}, also in other projects of this workspace.")


@COMMAND.command(
    help="Takes a base model that `publish` made out of the gallery again; refused while a version begins from it."
)
@click.argument("name")
@workspace_option
@json_option
def remove(name: str, workspace: str | None, as_json: bool) -> None:
    """Removes one model."""
    from trainwright.packages.gallery import remove_base
    from trainwright.store.workspace import open_workspace

    entry = remove_base(open_workspace(workspace, create=False), name)
    if as_json:
        output.print_json({"name": name, "published_from": entry.version, "megabytes": entry.model.megabytes})
    else:
        output.say(f"{name}, from {entry.version}, is removed ({entry.model.megabytes} MB)")


def _own(workspace: str | None) -> dict[str, Any]:
    """The base models of the workspace, where there is one; a named one must be there."""
    from trainwright.packages.gallery import entries
    from trainwright.store.workspace import is_workspace, locate, open_workspace

    if workspace is None and not is_workspace(locate()):
        return {}
    return dict(entries(open_workspace(workspace, create=False, read_only=True)))


def _place(model: Any, own: dict[str, Any]) -> str:
    from trainwright.models.gallery import find, how_to_get

    if model.name in own:
        return f"here (this workspace, from {own[model.name].version})"
    place = find(model)
    return f"here ({place.words})" if place is not None else f"not here: {how_to_get(model)}"


def _document(model: Any, own: dict[str, Any]) -> dict[str, Any]:
    from trainwright.models.gallery import Place, find, how_to_get

    entry = own.get(model.name)
    place = find(model) if entry is None else Place(entry.folder, "this workspace")
    keys = ("name", "title", "hub", "parameters", "megabytes", "layers", "width", "heads", "limit", "licence")
    document = {key: getattr(model, key) for key in (*keys, "languages", "page", "package")}
    return document | {
        "predicting_gb": round(model.predicting_gb(), 1),
        "training_gb": round(model.training_gb(), 1),
        "offline": place is not None,
        "where": None if place is None else place.words,
        "folder": None if place is None else str(place.folder),
        "how_to_get": how_to_get(model) if entry is None else "",
        "published_from": None if entry is None else entry.version,
    }
