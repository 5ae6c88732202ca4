"""Base models of a run's text families: all that is asked for is found, or refused, before any work starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.config.known import TEXT_FAMILIES
from trainwright.config.resolve import resolve_families, resolve_family_settings
from trainwright.config.settings import Settings
from trainwright.data.schema import Kind, Schema, Target
from trainwright.errors import UserError

if TYPE_CHECKING:
    from trainwright.store.workspace import Workspace

VERSION = re.compile(r"(?P<project>.+)@v(?P<number>\d+)")
_NAME = r"[A-Za-z0-9][\w.+-]*"  # without a slash, as a folder or a name on the hub would have
WEIGHTS, NONE = "model.safetensors", "none"


def check_texts(settings: Settings, schema: Schema) -> None:
    """Refuses text families for a table without a text, and base models that cannot be had or are of another kind.

    A version as a base, and a name that only the workspace's own gallery may know, are looked for later, when the
    workspace is known.

    Args:
        settings: of the run.
        schema: which columns are features, and of which kind.

    Raises:
        UserError: naming the key.
        EnvironmentProblem: a base model is not on this machine.
    """
    from trainwright.models.text.base import resolve

    named = [family for family in resolve_families(settings) or () if family in TEXT_FAMILIES]
    texts = any(column.kind is Kind.TEXT for column in schema.features)
    if named and not texts:
        key = "training.model_type" if settings.training.model_type not in (None, "auto") else "training.families"
        raise UserError(
            f"{key} ({settings.origin(key)}) asks for {named[0]}, and no column is a text",
            remedy="say which one is, for example with --kind COLUMN=text",
        )
    for family, base in bases_of(settings).items():
        if texts and not _in_workspace(base) and (family in named or not resolve_families(settings)):
            resolve(base)
    for family in named:
        if family not in bases_of(settings):
            resolve("minilm")


def check_labels(settings: Settings, target: Target) -> None:
    """Refuses descriptions of classes that there are not.

    Args:
        settings: of the run.
        target: what is predicted.

    Raises:
        UserError: naming the class that is none.
    """
    from trainwright.models.settings import check_settings
    from trainwright.models.text.labels import descriptions
    from trainwright.models.text_embedding import SPEC

    given = resolve_family_settings(settings).get(SPEC.name, {})
    if "label_descriptions" in given and target.task == "classes":
        descriptions(str(check_settings(SPEC, given)["label_descriptions"]), target.classes)


def check_without_workspace(settings: Settings, schema: Schema) -> None:
    """Refuses base models that only a workspace could know, where there is none yet."""
    from trainwright.models.text.base import resolve

    if any(column.kind is Kind.TEXT for column in schema.features):
        for base in bases_of(settings).values():
            if _in_workspace(base) and not VERSION.fullmatch(base):
                resolve(base)


def with_folders(workspace: Workspace, given: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Settings by family; versions and models of the workspace's own gallery that serve as a base model are replaced
    by their folders.

    Args:
        workspace: where they are.
        given: settings by family.

    Raises:
        UserError: there is no such version or model, or the version holds no model of texts.
    """
    found = dict(given)
    for family in TEXT_FAMILIES:
        base = str(given.get(family, {}).get("base_model", ""))
        if _in_workspace(base):
            folder = folder_of(workspace, base) if VERSION.fullmatch(base) else _published(workspace, base)
            found[family] = given[family] | {"base_model": str(folder)}
    return found


def _in_workspace(base: str) -> bool:
    """Whether only a workspace can say what this base model is: a version, or a name that nobody else knows."""
    from trainwright.models.gallery import gallery

    if not base or base == NONE or base in gallery():
        return False
    return bool(VERSION.fullmatch(base)) or (re.fullmatch(_NAME, base) is not None and not Path(base).is_dir())


def _published(workspace: Workspace, name: str) -> Path:
    """The folder of a model of the workspace's own gallery.

    Raises:
        UserError: there is none of that name, with what there is.
    """
    from trainwright.data.notes import nearest
    from trainwright.models.gallery import gallery
    from trainwright.packages.gallery import entries

    own = entries(workspace)
    if name in own:
        return own[name].folder
    near = nearest(name, [*gallery(), *own])
    hint = f"did you mean {near!r}? " if near else ""
    raise UserError(
        f"there is no base model {name!r}: it is no name of the gallery, no folder, and no name on the hub",
        remedy=f"{hint}the gallery has {', '.join([*gallery(), *own])}; none trains from scratch",
    )


def folder_of(workspace: Workspace, name: str) -> Path:
    """The folder of a version's fine-tuned language model.

    Args:
        workspace: where it is.
        name: PROJECT@vN.

    Raises:
        UserError: there is no such version, or it holds no fine-tuned language model.
    """
    from trainwright.packages.verify import check_package
    from trainwright.store.files import open_artifact
    from trainwright.store.projects import get_project
    from trainwright.store.transaction import read
    from trainwright.store.versions import get_version

    match = VERSION.fullmatch(name)
    assert match is not None
    with read(workspace) as connection:
        version = get_version(connection, get_project(connection, match["project"]), int(match["number"]))
    checked = check_package(open_artifact(workspace, "package", version.artifact), version.manifest_sha)
    folders = (checked.folder / member.folder for member in checked.manifest.members)
    for folder in folders:
        for inner in (folder, *sorted(path.parent for path in folder.rglob(WEIGHTS))):
            if (inner / WEIGHTS).is_file():
                return inner
    families = ", ".join(dict.fromkeys(member.family for member in checked.manifest.members))
    raise UserError(
        f"base_model {name!r} holds no fine-tuned language model; its members are {families}",
        remedy="name a version with a member text_transformer, or a base model (`trainwright gallery list`)",
    )


def check_versions(workspace: Workspace, settings: Settings) -> None:
    """Refuses versions and models of the workspace's gallery as bases that are not there."""
    with_folders(workspace, resolve_family_settings(settings))


def bases_of(settings: Settings) -> dict[str, str]:
    """The base model of each text family, where one is asked for."""
    given = resolve_family_settings(settings)
    return {name: str(given[name]["base_model"]) for name in TEXT_FAMILIES if "base_model" in given.get(name, {})}
