"""Base models that a workspace has of its own: the language models of versions, published under a name.

An entry is an artifact with the encoder's configuration, weights and tokenizer, and `gallery.json`; a row named
`gallery:NAME` keeps it. It goes on working when the version it came from is gone.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from trainwright.errors import TrainwrightError, UserError
from trainwright.models.gallery import GalleryModel, find, gallery
from trainwright.models.storage import read_json, write_json
from trainwright.models.text.base import FETCHED, NONE, WEIGHTS, Base, fingerprint, resolve
from trainwright.packages.verify import Checked, check_package
from trainwright.store import tables
from trainwright.store.audit import record_act
from trainwright.store.files import artifact_path, name_artifact, open_artifact, publish
from trainwright.store.names import resolve_version
from trainwright.store.states import FINISHED
from trainwright.store.tables import artifact_use
from trainwright.store.transaction import read, write
from trainwright.store.workspace import Workspace

KIND, SUBJECT, FILE = "base_model", "gallery:", "gallery.json"
FAMILY = "text_transformer"
NAME = r"[A-Za-z0-9][\w.+-]{0,63}"
OWN_LICENCE = "none of others: it was trained from scratch on your rows"


@dataclass(frozen=True)
class Entry:
    """A base model of a workspace.

    Args:
        model: what it is, as every entry of the gallery says it.
        folder: where it lies.
        version: the version that it came from, such as "sms@v2".
        base: what that one was fine-tuned from, in words.
    """

    model: GalleryModel
    folder: Path
    version: str
    base: str


def entries(workspace: Workspace) -> dict[str, Entry]:
    """The base models of a workspace by name, the oldest first; one whose files are gone is left out."""
    rows = artifact_use.select().where(artifact_use.c.subject.startswith(SUBJECT, autoescape=True))
    with read(workspace) as connection:
        found = connection.execute(rows.order_by(artifact_use.c.created, artifact_use.c.subject)).all()
    out = {}
    for row in found:
        folder = artifact_path(workspace, KIND, row.sha)
        if (folder / FILE).is_file():
            facts = read_json(folder / FILE)
            name = row.subject.removeprefix(SUBJECT)
            model = GalleryModel(**{**facts["model"], "name": name})
            out[name] = Entry(model, folder, facts["version"], facts["base"])
    return out


def publish_base(workspace: Workspace, version_name: str, name: str | None = None) -> Entry:
    """Makes the fine-tuned language model of a version a base model of the workspace's gallery.

    Args:
        workspace: where the version is, and the entry will be.
        version_name: such as "sms" or "sms@v2".
        name: of the entry, as it will be given to `base_model`; by default "sms-v2".

    Raises:
        UserError: the version has no fine-tuned language model, or the name is taken or none.
    """
    project, version = resolve_version(workspace, version_name)
    label = f"{project.name}@{version.label}"
    chosen = name if name is not None else f"{project.name}-{version.label}"
    checked = check_package(open_artifact(workspace, "package", version.artifact), version.manifest_sha)
    source = _encoder_of(checked, label)
    check_name(workspace, chosen)
    base, licence, languages = _origin(workspace, source)
    model = _described(source, chosen, label, base, licence, languages)
    facts = {"version": label, "base": base, "model": asdict(model)}

    def fill(folder: Path) -> None:
        for file in FETCHED:
            if (source / file).is_file():
                shutil.copyfile(source / file, folder / file)
        write_json(folder / FILE, facts)

    size = sum((source / file).stat().st_size for file in FETCHED if (source / file).is_file())
    published = publish(workspace, KIND, fill, needed=size)
    with write(workspace) as connection:
        subject = SUBJECT + chosen
        if connection.execute(artifact_use.select().where(artifact_use.c.subject == subject)).first() is not None:
            raise _taken(chosen, "another command has just published")
        name_artifact(connection, published, subject, now=time.time())
        details = {"name": chosen, "sha": published.sha}
        record_act(connection, "publish_base_model", version.label, project_id=project.id, details=details)
    return Entry(model, published.path, label, base)


def remove_base(workspace: Workspace, name: str, *, who: str | None = None) -> Entry:
    """Takes a base model out of the workspace's gallery again, and gives its room back.

    Args:
        workspace: where the entry is.
        name: of the entry.
        who: asks for it; the user of this process when not given.

    Raises:
        UserError: the workspace has none of that name, or something that is kept or waits begins from it.
    """
    entry = entries(workspace).get(name)
    if entry is None:
        whose = "is one of the gallery itself" if name in gallery() else "is none that this workspace published"
        raise UserError(f"{name!r} {whose}", remedy="`trainwright gallery list` shows those of the workspace")
    sha = entry.folder.name
    with write(workspace) as connection:
        users = _users(connection, name, sha)
        if users:
            raise UserError(
                f"{', '.join(users)} {'begin' if len(users) > 1 else 'begins'} from the base model {name!r}",
                remedy="delete those versions, cancel those runs or remove those schedules first",
            )
        connection.execute(artifact_use.delete().where(artifact_use.c.subject == SUBJECT + name))
        record_act(connection, "remove_base_model", name, who=who, details={"name": name, "sha": sha})
        shared = connection.execute(artifact_use.select().where(artifact_use.c.sha == sha)).first() is not None
    if not shared:
        shutil.rmtree(entry.folder, ignore_errors=True)
    return entry


def _users(connection: Connection, name: str, sha: str) -> list[str]:
    """What begins from a base model: versions that are kept, runs that are not over, schedules."""
    run, job, version = tables.run.c, tables.job.c, tables.version.c
    found = []
    kept = select(tables.project.c.name, version.number, run.settings, run.plan)
    kept = kept.join_from(tables.version, tables.run, run.id == version.run_id).join(tables.project)
    for project, number, *documents in connection.execute(kept.where(version.state == "kept").order_by(version.id)):
        if _names(documents, name, sha):
            found.append(f"{project}@v{number}")
    unfinished = select(run.id, run.settings, run.plan).join_from(tables.run, tables.job, job.run_id == run.id)
    for run_id, *documents in connection.execute(unfinished.where(job.state.not_in(sorted(FINISHED))).order_by(run.id)):
        if _names(documents, name, sha):
            found.append(f"run {run_id}")
    schedule = tables.schedule.c
    for number, document in connection.execute(select(schedule.id, schedule.settings).where(schedule.enabled)):
        if _names(document, name, sha):
            found.append(f"schedule {number}")
    return found


def _names(document: Any, name: str, sha: str) -> bool:
    """Whether settings or a plan give this base model, by its name or its folder."""
    if isinstance(document, dict):
        base = document.get("base_model")
        if base == name or (isinstance(base, str) and sha in base):
            return True
        return any(_names(one, name, sha) for one in document.values())
    return isinstance(document, list | tuple) and any(_names(one, name, sha) for one in document)


def check_name(workspace: Workspace, name: str) -> None:
    """Refuses a name that cannot be given to `base_model`, or is another model's already.

    Raises:
        UserError: why.
    """
    if not re.fullmatch(NAME, name) or re.fullmatch(r".+@v\d+", name) or name == NONE:
        raise UserError(
            f"{name!r} cannot be the name of a base model",
            remedy="take letters, digits, -, _ and . (at most 64), such as --name machine-notes",
        )
    if name in gallery():
        raise _taken(name, "the gallery has")
    if name in (known := entries(workspace)):
        raise _taken(name, f"the workspace has, from {known[name].version},")


def _taken(name: str, whose: str) -> UserError:
    return UserError(f"{whose} a base model {name!r} already", remedy="give another name with --name")


def _encoder_of(checked: Checked, label: str) -> Path:
    """The folder of the fine-tuned language model with the largest weight in a package."""
    members = sorted(checked.manifest.members, key=lambda member: -member.weight)
    for member in members:
        folder = checked.folder / member.folder
        found = [path.parent for path in sorted(folder.rglob(WEIGHTS))] if member.family == FAMILY else []
        if found:
            return found[0]
    families = ", ".join(dict.fromkeys(member.family for member in checked.manifest.members))
    raise UserError(
        f"{label} has no fine-tuned language model to publish; its members are {families}",
        remedy=f"train with --families {FAMILY}, or name a version with such a member",
    )


def _origin(workspace: Workspace, source: Path) -> tuple[str, str, str]:
    """What a model was fine-tuned from, the licence of those weights, and their languages."""
    facts: Any = read_json(source / "model.json")
    given, sha = str(facts["settings"].get("base_model", "")), facts["derived"].get("base_sha256")
    if given == NONE:
        return "trained from scratch", OWN_LICENCE, "those of the rows"
    for model in gallery().values():
        place = find(model)
        same = place is not None and fingerprint(place.folder) == sha
        if model.name == given or same:
            return f"fine-tuned from {model.name}", f"{model.licence} (of {model.name})", model.languages
    for entry in entries(workspace).values():
        if fingerprint(entry.folder) == sha:
            return f"fine-tuned from {entry.model.name}", entry.model.licence, entry.model.languages
    return f"fine-tuned from {given}", f"that of {given}, which says it", "those of its base model"


def _described(source: Path, name: str, label: str, base: str, licence: str, languages: str) -> GalleryModel:
    """The entry, from the model's own files."""
    found: Base = resolve(str(source), fetch=False)
    config: Any = json.loads((source / "config.json").read_text("utf-8"))
    layers = int(config.get("num_hidden_layers") or config.get("n_layers") or 0)
    heads = int(config.get("num_attention_heads") or config.get("n_heads") or 0)
    return GalleryModel(
        name=name,
        title=f"the language model of {label}, {base}",
        hub="",
        parameters=_weights(source / WEIGHTS),
        megabytes=max(1, round((source / WEIGHTS).stat().st_size / 1e6)),
        layers=layers,
        width=found.width,
        heads=heads,
        limit=found.limit,
        licence=licence,
        languages=languages,
        page=f"Begins from what {label} learned: for further tasks on texts like its own. It may have learned single "
        "rows by heart: guard it like the data.",
    )


def _weights(path: Path) -> int:
    """The number of weights, from the head of a safetensors file: eight bytes of length, then JSON."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > 100_000_000:
            raise TrainwrightError(f"{path} is no safetensors file", remedy="restore the package from a backup")
        head = json.loads(file.read(length))
    total = 0
    for name, tensor in head.items():
        if name != "__metadata__":
            count = 1
            for size in tensor["shape"]:
                count *= size
            total += count
    return total
