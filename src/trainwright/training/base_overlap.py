"""Whether a base model of the workspace has learned from the very texts that are to judge what begins from it."""

from __future__ import annotations

import polars as pl

from trainwright.config.resolve import resolve_families
from trainwright.config.settings import Settings
from trainwright.data.notes import Note
from trainwright.data.parts import read_development
from trainwright.data.schema import Kind, Schema
from trainwright.errors import TrainwrightError
from trainwright.packages.gallery import entries
from trainwright.store.workspace import Workspace
from trainwright.training.incremental_base import find_base
from trainwright.training.table import Table
from trainwright.training.text_models import VERSION, bases_of

CODE = "base_has_seen"


def seen_by_base(workspace: Workspace, table: Table, settings: Settings) -> tuple[Note, ...]:
    """One sentence for each base model that comes from a version and knows texts of this table.

    Args:
        workspace: where versions and published models are.
        table: the labelled rows, as understood.
        settings: of the run.
    """
    named = resolve_families(settings)
    asked = [base for family, base in bases_of(settings).items() if named is None or family in named]
    if not asked:
        return ()
    texts, published, notes = _texts(table.frame, table.schema), entries(workspace), []
    for base in dict.fromkeys(asked):
        version = published[base].version if base in published else base
        if not VERSION.fullmatch(version) or not texts:
            continue
        known = _learned_from(workspace, version, settings, set())
        if known is None:
            words = f"which texts the base model {base} learned from is not kept any more; where they are among these, "
        elif both := sum(text in known for text in texts):
            words = f"the base model {base} learned from {both:,} of the {len(texts):,} texts of this table: "
        else:
            continue
        words += "held-out rows and the sealed test flatter what begins from it; judge it by texts that it has not seen"
        notes.append(Note(CODE, words))
    return tuple(notes)


def _learned_from(workspace: Workspace, label: str, settings: Settings, done: set[str]) -> set[str] | None:
    """The texts of a version's development rows, and of the versions that it began from; None where rows are gone."""
    match = VERSION.fullmatch(label)
    if match is None or label in done:
        return set()
    done.add(label)
    training = settings.training.model_copy(update={"base": f"v{match['number']}"})
    try:
        base = find_base(workspace, settings.model_copy(update={"project": match["project"], "training": training}))
        known = set[str]()
        for row, _ in base.chain:
            known |= set(_texts(read_development(workspace, row)[0], base.schema))
    except TrainwrightError:
        return None
    before = str(((base.run.settings or {}).get("training") or {}).get("base_model") or "")
    own = entries(workspace)
    further = _learned_from(workspace, own[before].version if before in own else before, settings, done)
    return None if further is None else known | further


def _texts(frame: pl.DataFrame, schema: Schema) -> list[str]:
    """Every different text of the feature columns that are texts, without its outer blanks."""
    columns = [c.name for c in schema.features if c.kind is Kind.TEXT and c.name in frame.columns]
    found = dict.fromkeys(text.strip() for name in columns for text in frame[name].drop_nulls().cast(pl.String))
    return [text for text in found if text]
