"""Before a training in full of a project that has a version: whether learning on from it is recommended, and why.

The judgement is that of `evaluate.retraining`, by what costs little: the share of new rows, new classes, labels that
came again otherwise, other columns. What takes predictions of the version (that it does worse now) is left to
`--incremental`, which says it before it starts.
"""

from __future__ import annotations

from trainwright.config.settings import Settings
from trainwright.data.notes import Note, listing
from trainwright.errors import TrainwrightError
from trainwright.evaluate.retraining import INCREMENTAL, Change, recommend
from trainwright.store.projects import find_project
from trainwright.store.transaction import read
from trainwright.store.versions import list_versions
from trainwright.store.workspace import Workspace
from trainwright.training.incremental_base import Base, find_base, read_pool
from trainwright.training.incremental_split import known_rows
from trainwright.training.incremental_table import in_types
from trainwright.training.table import Table

CODE = "recommendation"


def advice_before_full(workspace: Workspace, project: str, table: Table, settings: Settings) -> Note | None:
    """One sentence on what is recommended for this table, or None: no version to learn on from, or nothing new.

    Args:
        workspace: where the project is.
        project: by name; it need not be there.
        table: the labelled rows, as understood.
        settings: of the training in full.
    """
    with read(workspace) as connection:
        found = find_project(connection, project)
        if found is None or not list_versions(connection, found.id):
            return None
    try:
        base = find_base(workspace, settings.model_copy(update={"project": project}))
    except TrainwrightError:
        return None  # it cannot be learned on from, so there is nothing to choose between
    target, before = table.target, base.target
    if (target.column, target.task, target.numeric_labels) != (before.column, before.task, before.numeric_labels):
        return None  # another target: learning on is refused
    words = _other_columns(table, base)
    if words:
        return Note(CODE, f"training in full is recommended: {words}")
    pool = read_pool(workspace, base)
    known = known_rows(in_types(table.frame, pool.frame), pool, target)
    fresh = int(known.fresh.sum())
    if not fresh and not len(known.corrected):
        return None
    said = recommend(
        Change(
            base=base.label,
            old_rows=pool.frame.height + len(pool.sealed),
            new_rows=fresh,
            new_classes=tuple(name for name in target.classes if name not in before.classes),
            corrected=len(known.corrected),
        )
    )
    text = said.text
    if said.kind == INCREMENTAL:
        text = f"{text}; --incremental learns on from {base.label}"
    elif fresh == table.frame.height:
        text = f"{text}; this table holds none of the rows that {base.label} learned from: add them if they still count"
    return Note(CODE, text)


def _other_columns(table: Table, base: Base) -> str:
    """What is said where the table has other feature columns than the base; "" where they are the same."""
    gone = [column.name for column in base.schema.features if column.name not in table.schema]
    new = [column.name for column in table.schema.features if column.name not in base.schema]
    parts = [
        f"{listing(names, limit=3)} {'is' if len(names) == 1 else 'are'} {word}"
        for names, word in ((gone, "gone"), (new, "new"))
        if names
    ]
    return f"other columns than {base.label} looks at ({'; '.join(parts)})" if parts else ""
