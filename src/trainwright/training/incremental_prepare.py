"""Prepares an incremental training: new rows and a sample of earlier ones become a dataset version with its split."""

from __future__ import annotations

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
from trainwright.data.split import DEVELOPMENT, TEST
from trainwright.errors import UserError
from trainwright.evaluate.retraining import Recommendation
from trainwright.store.runs import Run
from trainwright.store.sealed_keys import earlier_keys, last_entry, record_keys
from trainwright.store.workspace import Workspace
from trainwright.training.incremental_advice import advise
from trainwright.training.incremental_base import Base, Pool, find_base, read_pool
from trainwright.training.incremental_settings import inherit, refuse_others
from trainwright.training.incremental_split import Folds, Known, joined, known_rows, split_new
from trainwright.training.incremental_table import NewRows, in_types, read_new
from trainwright.training.options import RunOptions
from trainwright.training.prepared import Prepared, write_prepared
from trainwright.training.remarks import remarks
from trainwright.training.sealing import drawn_again, earlier_masks, key_kind, keys_of, recorded_keys
from trainwright.training.table import Table, check_asked


def prepare_incremental(
    workspace: Workspace,
    source: Any,
    settings: Settings,
    *,
    say: Callable[[str], None] = lambda _: None,
    run: Run | None = None,
) -> Prepared:
    """Writes everything an incremental run needs; nothing is written before file, base and split are known to be sound.

    Args:
        workspace: where the base is.
        source: a path or a frame with the new rows; it may hold the earlier ones too.
        settings: with `project` and `training.incremental`.
        say: told which stage begins.
        run: one that was made before its data was read, to be filled in; None to make one.

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
    check_asked(settings, base.schema, new.target, new.frame)
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
    replay = replayed(y, settings.training.replay, task=new.target.task, seed=options.seed, always=always)
    if new.added and not len(replay):
        raise UserError(
            f"the class {new.added[0]!r} is new, and without earlier rows every other class would be forgotten",
            remedy="keep some: --replay 20%",
        )
    fresh = new.frame.filter(pl.Series(known.fresh))
    rows = Table(fresh, base.schema, new.target, new.source.name, str(new.source.path or "a table in memory"), ())
    say("splitting")
    folds = drawn_again(lambda: _sealed(workspace, rows, settings, base, pool, replay))
    split, parts_of_new = folds.split, folds.split.part[len(replay) :]
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
    labels = frame[new.target.column].filter(pl.Series(split.part == DEVELOPMENT))
    said = remarks(settings, new.target, labels)
    notes = (*notes, *(note for note in said if note.code != "without_effect"))  # keys of the base had their effect
    table = replace(rows, frame=frame, notes=notes)
    say("storing the dataset version")
    parts = publish_parts(workspace, frame, split, new.target)
    summary = split.summary()
    summary["n_rows"]["test"] += len(pool.sealed)  # they are opened together with the new ones
    return write_prepared(
        workspace,
        base.project,
        table,
        split,
        parts,
        settings,
        called=f"{base.project.name} from {base.version.label}",
        summary=summary,
        limit=options.limit,
        grown=grown,
        say=say,
        run=run,
    )


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


def _sealed(workspace: Workspace, rows: Table, settings: Settings, base: Base, pool: Pool, replay: np.ndarray) -> Folds:
    """The split of replayed and new rows; the keys of the new ones are recorded.

    Raises:
        KeysChangedError: another training recorded its keys after this split was drawn.
    """
    last, kind = last_entry(workspace, base.project.id), key_kind(base.schema)
    keys = keys_of(rows.frame, base.schema, kind)
    masks = earlier_masks(earlier_keys(workspace, base.project.id, kind), keys, kind)
    folds = joined(rows, split_new(rows, settings, base, masks), base, pool, replay)
    part, recorded = folds.split.part[len(replay) :], recorded_keys(keys, kind)
    record_keys(
        workspace,
        base.project.id,
        kind,
        test=recorded[part == TEST],
        development=recorded[part == DEVELOPMENT],
        last_seen=last,
    )
    return _with_older_sealed(folds, base, pool)


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
