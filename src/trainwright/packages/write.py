"""Writes a package: a folder with the members, the layout of the columns and the manifest that hashes them
all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.data.columns import Layout
from trainwright.data.schema import Role, Schema, Target
from trainwright.errors import TrainwrightError, UserError
from trainwright.packages import needs, plain_json
from trainwright.packages.disk import disk_problems
from trainwright.packages.manifest import LAYOUT, NAME, FileEntry, Manifest, MemberEntry
from trainwright.packages.number_intervals import IntervalState
from trainwright.packages.second_level import SecondLevel

if TYPE_CHECKING:
    from trainwright.models.spec import Estimator


@dataclass(frozen=True)
class Member:
    """A fitted model that goes into a package.

    Args:
        name: the candidate's name in the leaderboard.
        family: the key in `models.families.families()`.
        fold: the fold it was trained in, or None when it was trained on all development rows.
        weight: its share in the average; need not sum to 1 over the members.
        estimator: the fitted model.
    """

    name: str
    family: str
    fold: int | None
    weight: float
    estimator: Estimator


def write_package(
    folder: Path,
    *,
    target: Target,
    schema: Schema,
    layout: Layout,
    members: Sequence[Member],
    calibration: Mapping[str, Any] | None = None,
    threshold: float | None = None,
    data_version: str = "",
    split: Mapping[str, Any] | None = None,
    seed: int = 0,
    metrics: Mapping[str, Any] | None = None,
    writer: str | None = None,
    required: Mapping[str, str] | None = None,
    reference: Mapping[str, float | str | None] | None = None,
    interval: IntervalState | None = None,
    combine: SecondLevel | None = None,
) -> Manifest:
    """Writes a package into an existing empty folder; the same arguments write the same bytes.

    Args:
        folder: where; publish it by hash afterwards (`store.files.publish`).
        target, schema, layout: what is predicted from which columns. Of columns that are no features only
            name, kind and role are kept.
        members: the models whose weighted average predicts; those of weight 0 are left out.
        calibration: the state of the calibration; None: identity.
        threshold: for two classes, the default threshold of the positive class.
        data_version, split, seed: what the training can be repeated from.
        metrics: validation figures with rows and interval; never figures of the sealed test.
        writer: the version of trainwright; None: the installed one.
        required: library -> range; None: what the members' families need.
        reference: see `reference.reference_values`; used for reasons. None: missing values stand in.
        interval: for a number, what its lower and upper bounds are made of; None: it has none.
        combine: for classes, how the members' predictions become one; None: by their weighted average.

    Returns:
        The manifest as written; `manifest.sha` belongs into the version row.

    Raises:
        EnvironmentProblem: the disk is full or the folder cannot be written.
    """
    folder = Path(folder)
    kept = [member for member in members if member.weight > 0]
    if not kept:
        raise TrainwrightError("a package needs at least one member with a weight above 0")
    with disk_problems(folder):
        if any(folder.iterdir()):
            raise UserError(f"{folder} must be an empty folder for a new package")
        content = {
            **layout.to_json(),
            "reference": dict(reference or {}),
        }
        (folder / LAYOUT).write_bytes(plain_json.to_bytes(content))
        entries = [_write_member(folder, i, member) for i, member in enumerate(kept)]
        manifest = Manifest(
            writer=writer or needs.own_version(),
            target=target,
            schema=_lean(schema),
            members=tuple(entries),
            calibration=dict(calibration or {"kind": "identity"}),
            threshold=threshold,
            data_version=data_version,
            split=dict(split or {}),
            seed=seed,
            metrics=dict(metrics or {}),
            required=dict(required or needs.required(member.family for member in kept)),
            files=_hashes(folder),
            interval=interval,
            combine=combine,
        )
        data = manifest.to_bytes()
        # What cannot be read back must fail here, not at the first prediction.
        Manifest.from_json(plain_json.from_bytes(data, NAME))
        (folder / NAME).write_bytes(data)
    return manifest


def _write_member(folder: Path, number: int, member: Member) -> MemberEntry:
    """Saves one member into members/<number>-<family>."""
    inside = f"members/{number:02d}-{member.family}"
    path = folder / inside
    path.mkdir(parents=True)
    member.estimator.save(path)
    if not any(path.iterdir()):
        raise TrainwrightError(f"the family {member.family!r} saved no file for the member {member.name!r}")
    return MemberEntry(member.name, member.family, member.fold, float(member.weight), inside)


def _lean(schema: Schema) -> Schema:
    """The schema without counts and reasons of columns that no model sees: identifiers are nobody's
    business."""
    out = schema
    for column in schema.columns:
        if column.role not in (Role.FEATURE, Role.TARGET):
            out = out.replace(column.name, reason="", missing=0, distinct=0)
    return out


def _hashes(folder: Path) -> dict[str, FileEntry]:
    """SHA-256 and size of every file below the folder."""
    out = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            name = path.relative_to(folder).as_posix()
            out[name] = FileEntry(hashlib.sha256(data).hexdigest(), len(data))
    return out
