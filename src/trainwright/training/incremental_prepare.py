"""Prepares an incremental training: new rows and a sample of earlier ones become a dataset version with its split."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from trainwright.config.settings import Settings
from trainwright.data.checks.policy import check_codes
from trainwright.data.infer import encode_target
from trainwright.data.notes import Note
from trainwright.data.parts import publish_parts
from trainwright.data.replay import replayed
from trainwright.data.snapshot import content_hash
from trainwright.data.split import DEVELOPMENT, TEST
from trainwright.errors import UserError
from trainwright.evaluate.retraining import Recommendation
from trainwright.store.datasets import add_dataset_version, add_split
from trainwright.store.runs import Run, create_run
from trainwright.store.sealed_keys import KeysChangedError, earlier_keys, last_entry, record_keys
from trainwright.store.transaction import write
from trainwright.store.workspace import Workspace
from trainwright.training.incremental_advice import advise
from trainwright.training.incremental_base import Base, Pool, find_base, read_pool
from trainwright.training.incremental_split import Folds, Known, joined, known_rows, split_new
from trainwright.training.incremental_table import NewRows, in_types, read_new
from trainwright.training.options import RunOptions
from trainwright.training.prepare import SPLIT_TRIES, Prepared, check
from trainwright.training.sealing import earlier_masks, key_kind, keys_of, recorded_keys
from trainwright.training.table import Table, remarks

# Of the `data:` block, what may be said anew: how the new file is read, and what the checks do.
FREE = (
    *("train_file", "delimiter", "encoding", "decimal", "header_row", "sheet", "missing_marks"),
    *("on_finding", "ignore_findings", "filter_low_quality"),
)
# Of the `training:` block, what the base decided: its members learn on, no other is begun.
DECIDED = ("families", "model_type", "family_settings", "select_features")


def prepare_incremental(
    workspace: Workspace,
    source: Any,
    settings: Settings,
    *,
    say: Callable[[str], None] = lambda _: None,
) -> Prepared:
    """Writes everything an incremental run needs; nothing is written before file, base and split are known to be sound.

    Args:
        workspace: where the base is.
        source: a path or a frame with the new rows; it may hold the earlier ones too.
        settings: with `project` and `training.incremental`.
        say: told which stage begins.

    Raises:
        UserError: there is no base, the file does not fit it, or nothing in it is new.
    """
    refuse_others(source, settings)
    say("finding the version to learn on from")
    base = find_base(workspace, settings)
    settings = inherit(settings, base)
    check_codes(settings.data.ignore_findings)
    say("reading the table")
    new = read_new(source, settings, base.schema, base.target, base.label)
    say("looking for rows that are known")
    pool = read_pool(workspace, base)
    known = known_rows(new.frame, pool, new.target)
    new = replace(new, frame=in_types(new.frame, pool.frame))
    if not known.fresh.any() and not len(known.corrected):
        raise UserError(
            f"{base.label} knows every row of {new.source.name}: there is nothing to learn",
            remedy="give a table with new rows, or with corrected labels",
        )
    options = RunOptions.from_settings(settings)
    pool, always = _corrected(pool, new, known)
    y = encode_target(pool.frame[new.target.column], new.target)
    replay = replayed(
        y,
        _wanted(settings),
        task=new.target.task,
        seed=options.seed,
        always=always,
    )
    if new.added and not len(replay):
        raise UserError(
            f"the class {new.added[0]!r} is new, and without earlier rows every other class would be forgotten",
            remedy="keep some: --replay 20%",
        )
    fresh = new.frame.filter(pl.Series(known.fresh))
    rows = Table(fresh, base.schema, new.target, new.source.name, str(new.source.path or "a table in memory"), ())
    say("splitting")
    for tries in range(SPLIT_TRIES):
        try:
            folds, last = _split(workspace, rows, settings, base, pool, replay)
            folds = _with_older_sealed(folds, base, pool)
            kind = key_kind(base.schema)
            parts_of_new = folds.split.part[len(replay) :]
            recorded = recorded_keys(keys_of(fresh, base.schema, kind), kind)
            record_keys(
                workspace,
                base.project.id,
                kind,
                test=recorded[parts_of_new == TEST],
                development=recorded[parts_of_new == DEVELOPMENT],
                last_seen=last,
            )
            break
        except KeysChangedError:
            if tries == SPLIT_TRIES - 1:
                raise
    frame = pl.concat([pool.frame[replay], fresh], how="vertical_relaxed")
    advice, facts = advise(workspace, base, pool, rows, folds, known, new.added, options)
    grown = {
        "base": base.label,
        "version": base.version.number,
        "run": base.run.id,
        "chain": _links(base, folds),
        "replayed": len(replay),
        "earlier_rows": pool.frame.height,
        "new": int((parts_of_new == DEVELOPMENT).sum()),
        "new_sealed": int((parts_of_new == TEST).sum()),
        "old_sealed": len(pool.sealed),
        "known_rows": int((~known.fresh).sum()),
        "whole_table": known.whole,
        "corrected": len(known.corrected),
        "classes_added": list(new.added),
        "recommendation": advice.to_json(),
        **facts,
    }
    notes = (*_notes(grown, advice), *new.notes, *new.source.notes)
    labels = frame[new.target.column].filter(pl.Series(folds.split.part == DEVELOPMENT))
    said = remarks(settings, new.target, labels)
    notes = (*notes, *(note for note in said if note.code != "without_effect"))  # keys of the base had their effect
    table = replace(rows, frame=frame, notes=notes)
    return _written(workspace, base, table, folds, grown, settings, options, say)


def refuse_others(source: Any, settings: Settings) -> None:
    """What cannot be asked together with an incremental training, said before anything is read.

    Raises:
        UserError: naming the two.
    """
    if settings.data.version is not None:
        raise UserError(
            f"--incremental and --data-version {settings.data.version} are both given",
            remedy="learning on needs a file of new rows; stored rows are trained on in full",
        )
    if settings.data.test_file is not None:
        raise UserError(
            "--incremental and --test are both given: the sealed rows of the base stay the test, with some of the new",
            remedy="leave --test out",
        )
    if settings.training.sample is not None:
        raise UserError("--incremental and --sample are both given", remedy="rehearse with a smaller file of new rows")
    searched = [key for key in settings.origins if key.startswith("search.")]
    for key in (*(f"training.{name}" for name in DECIDED), *searched):
        if settings.given(key):
            raise UserError(
                f"{key} ({settings.origin(key)}) and --incremental are both given: the members of the base learn on, "
                "with their settings",
                remedy="leave it out, or train in full",
            )
    if source is None:
        raise UserError("no table is named", remedy="trainwright train NEW.csv --project NAME --incremental")


def inherit(settings: Settings, base: Base) -> Settings:
    """The settings of the base's run with what is given now on top.

    Raises:
        UserError: a key is given that would change what the columns are or how rows are split.
    """
    document = dict(base.run.settings or {})
    given, origins = settings.to_json(), dict(base.run.origins or {})
    merged = {name: dict(value) if isinstance(value, dict) else value for name, value in document.items()}
    for key in ("incremental", "base", "replay", "comments", "seeds", "sample"):
        merged["training"].pop(key, None)
        origins.pop(f"training.{key}", None)
    for name in ("train_file", "test_file", "version"):
        merged["data"].pop(name, None)
        origins.pop(f"data.{name}", None)
    for key, where in settings.origins.items():
        block, _, rest = key.partition(".")
        value, before = _at(given, key), _at(document, key)
        if block == "data" and rest not in FREE and value != before:
            spelled = f"{before!r}" if before is not None else "that not given"
            raise UserError(
                f"data.{rest} is {value!r} ({where}), but {base.label} was trained with {spelled}",
                remedy="leave it out: an incremental training keeps the columns, their roles and the target of its "
                "base; change them in a full training, in a project of its own",
            )
        _put(merged, key, value)
        origins[key] = where
    merged["project"] = settings.project
    merged.pop("search", None)
    origins = {key: where for key, where in origins.items() if not key.startswith("search.")}
    return Settings.from_json(merged, origins)


def _wanted(settings: Settings) -> float:
    return settings.training.replay


def _corrected(pool: Pool, new: NewRows, known: Known) -> tuple[Pool, np.ndarray]:
    """The pool with the labels that came again otherwise, and which rows these are."""
    always = np.zeros(pool.frame.height, dtype=bool)
    if not len(known.corrected):
        return pool, always
    always[known.corrected] = True
    column = pool.frame[new.target.column]
    given = new.frame[new.target.column].gather(pl.Series(known.labels)).cast(column.dtype, strict=False)
    column = column.scatter(pl.Series(known.corrected), given)
    return replace(pool, frame=pool.frame.with_columns(column)), always


def _split(
    workspace: Workspace, rows: Table, settings: Settings, base: Base, pool: Pool, replay: np.ndarray
) -> tuple[Folds, int]:
    """The split of replayed and new rows, and the last entry of the project's keys that it knows."""
    last = last_entry(workspace, base.project.id)
    kind = key_kind(base.schema)
    masks = earlier_masks(earlier_keys(workspace, base.project.id, kind), keys_of(rows.frame, base.schema, kind), kind)
    return joined(rows, split_new(rows, settings, base, masks), base, pool, replay), last


def _with_older_sealed(folds: Folds, base: Base, pool: Pool) -> Folds:
    """What is said about the sealed part, now that the earlier one is opened with it."""
    older = len(pool.sealed)
    if not older:
        return folds
    words = f"The {older:,} rows sealed for {base.label} are tested on too, beside the new sealed rows."
    reason = (*(text for text in folds.split.reason if not text.startswith("The test part ")), words)
    return replace(folds, split=replace(folds.split, reason=reason))


def _links(base: Base, folds: Folds) -> list[dict[str, Any]]:
    """The splits that the base learned from, with the fold of each for every fold of the new run."""
    return [{"split": row.id, "folds": [of[at] for at in folds.folds]} for row, of in base.chain]


def _notes(grown: dict[str, Any], advice: Recommendation) -> tuple[Note, ...]:
    words = (
        f"{grown['new']:,} new rows to learn from and {grown['new_sealed']:,} sealed; {grown['replayed']:,} of "
        f"{grown['earlier_rows']:,} earlier rows are learned from again"
    )
    found = [Note("incremental", f"{grown['base']} learns on: {words}"), Note("recommendation", advice.text)]
    if grown["classes_added"]:
        found.append(Note("classes_added", f"new classes: {', '.join(grown['classes_added'])}"))
    if grown["unknown_values"]:
        worst = sorted(grown["unknown_values"].items(), key=lambda item: -item[1])[:3]
        told = ", ".join(f"{share:.0%} of the new rows in {name}" for name, share in worst)
        found.append(Note("unknown_values", f"values that {grown['base']} does not know stay unknown to it: {told}"))
    return tuple(found)


def _written(
    workspace: Workspace,
    base: Base,
    table: Table,
    folds: Folds,
    grown: dict[str, Any],
    settings: Settings,
    options: RunOptions,
    say: Callable[[str], None],
) -> Prepared:
    """Publishes the parts and writes dataset version, split and run."""
    say("storing the dataset version")
    split = folds.split
    parts = publish_parts(workspace, table.frame, split, table.target)
    notes = [note.to_json() for note in table.notes]
    understood = {"schema": base.schema.to_json(), "target": table.target.to_json(), "notes": notes}
    with write(workspace) as connection:
        dataset = add_dataset_version(
            connection,
            base.project.id,
            sha=content_hash(table.frame, table.schema),
            name=table.name,
            source=table.source,
            rows=table.frame.height,
            columns=len(table.schema.columns),
            schema=table.schema.to_json(),
            target=table.target.to_json(),
            notes=notes,
        )
        summary = split.summary()
        summary["n_rows"]["test"] += grown["old_sealed"]  # they are opened together with the new ones
        row = add_split(
            connection,
            base.project.id,
            dataset.id,
            rule=split.rule.to_json(),
            summary={**summary, "understood": understood, "incremental": grown},
            artifacts=parts,
        )
        run: Run = create_run(
            connection,
            base.project.id,
            name=f"{base.project.name} from {base.version.label} {time.strftime('%Y-%m-%d %H:%M:%S')}",
            settings=settings.to_json(),
            origins=settings.origins,
            dataset_version_id=dataset.id,
            split_id=row.id,
            kind="incremental",
            comments=settings.training.comments,
        )
    say("checking the data")
    development = table.frame.filter(pl.Series(split.part == DEVELOPMENT))
    findings = check(workspace, run, row, table, development, split, options.limit)
    return Prepared(run, base.project, table, split, findings, dataset.number)


def _at(document: dict[str, Any], key: str) -> Any:
    value: Any = document
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _put(document: dict[str, Any], key: str, value: Any) -> None:
    *path, last = key.split(".")
    for part in path:
        document[part] = dict(document.get(part) or {})
        document = document[part]
    document[last] = value
