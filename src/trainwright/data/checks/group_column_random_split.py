"""Proposes a split by group where rows that share an owner were parted by chance, and measures what that hides."""

from __future__ import annotations

from trainwright.data.checks.column_words import names_an_entity
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.entities import MERGED, Entity, entities
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.checks.group_gap import Gap, group_gap
from trainwright.data.schema import Kind

# What is lost on new owners before it is a warning, and standard errors by which it must lie above nothing.
LOST, SURE = 0.02, 4.0
# Resemblance of targets: under a telling name a warning, under any name of words a note.
NAMED, UNNAMED = 0.1, 0.2
MEASURED, ROWS = 5, 100


def run(context: Context) -> list[Finding]:
    if not context.random_split:
        raise NotApplicable("the split obeys time, groups or parts given by the user, or there is none")
    if context.n < ROWS:
        raise NotApplicable(f"there are fewer than {ROWS} rows")
    suspects = [entity for entity in entities(context) if _suspect(context, entity)]
    suspects.sort(key=lambda entity: (not entity.owns, -entity.alike, -entity.target_alike))
    found = []
    for place, entity in enumerate(suspects):
        measure = place < MEASURED and context.seconds_left > 0
        finding = _judge(context, entity, group_gap(context, entity.columns) if measure else None)
        if finding is not None:
            found.append(finding)
    return found


def _suspect(context: Context, entity: Entity) -> bool:
    return entity.owns or _named(entity) or _agrees(context, entity)


def _named(entity: Entity) -> bool:
    return len(entity.columns) == 1 and names_an_entity(entity.columns[0])


def _agrees(context: Context, entity: Entity) -> bool:
    """Whether rows of one value agree in the target alone, under a column of words."""
    kind = context.schema[entity.columns[0]].kind
    apart = entity.merged_target <= MERGED * entity.target_alike
    return kind in (Kind.CATEGORY, Kind.IDENTIFIER, Kind.TEXT) and entity.target_alike >= UNNAMED and apart


def _judge(context: Context, entity: Entity, gap: Gap | None) -> Finding | None:
    """A finding: a warning where new owners are predicted worse, or where an owner by name shares its target."""
    worse = gap is not None and gap.deviations >= SURE and gap.loss >= LOST
    by_name = _named(entity) and entity.target_alike >= NAMED and (gap is None or gap.loss > 0)
    warning = by_name or (worse and (entity.owns or _named(entity)))
    if not (warning or _named(entity) or _agrees(context, entity) or worse):
        return None
    names = entity.columns
    words = " and ".join(map(repr, names))
    measured = ""
    if gap is not None:
        measured = (
            f" Quick models tell {gap.known:.0%} of what there is to know about {context.target.column!r} where rows "
            f"are parted by chance, and {gap.new:.0%} for values that they have not seen."
        )
    return Finding(
        code="TW402",
        severity="warning" if warning else "note",
        message=(
            f"{entity.rows_each:.1f} rows on average share a value of {words}, and rows of one value are on both sides "
            f"of the split: the figures are about values that the model already knows.{_alike(entity)}{measured}"
        ),
        columns=names,
        evidence={
            "groups": entity.groups,
            "rows_each": round(entity.rows_each, 2),
            "association": round(entity.target_alike, 4),
            "columns_alike": round(entity.alike, 4),
            **({} if gap is None else {"by_chance": round(gap.known, 4), "new_values": round(gap.new, 4)}),
            **context.sampled_note,
        },
        remedy=_remedy(names),
    )


def _alike(entity: Entity) -> str:
    """How rows of one value resemble each other, in words."""
    same = []
    if entity.alike >= NAMED:
        same.append(f"{entity.alike:.0%} of how the other columns vary")
    if entity.target_alike >= NAMED:
        same.append(f"{entity.target_alike:.0%} of how the target varies")
    return f" Rows of one value resemble each other: which value it is explains {' and '.join(same)}." if same else ""


def _remedy(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return f"if the model must work on new ones, train with {flag('--group', names)}"
    both = ' + "/" + '.join(f"table[{name!r}].astype(str)" for name in names)
    return (
        f'if the model must work on new ones, make one column of both, table["owner"] = {both}, and train with --group '
        "owner"
    )


CHECK = Check(
    "TW402", "group-column-random-split", "warning", "Rows that share an owner, but a random split", run, models=True
)
