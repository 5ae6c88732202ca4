"""Finds a column that is worth a whole model and goes with nothing but the target: a copy of it, with errors.

Strong honest columns have companions (the bill with the months, the income with the place); a copy has none. So the
check compares a quick model of all columns with one of the column alone and one without it, and asks what the other
columns tell of it once the target is known.
"""

from __future__ import annotations

import numpy as np

from trainwright.data.checks.association import bins_of, column_codes, strength
from trainwright.data.checks.commands import flag
from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable
from trainwright.data.checks.given_target import NUMBERS, companions, without_companions
from trainwright.data.checks.quick_table import QuickTable
from trainwright.data.checks.single_column_leak import near_perfect
from trainwright.data.schema import Kind

ALONE, STEP, LEAST = 0.15, 0.9, 20
# Of a number, a copy is told by the target as well as it tells it, and most of its spread; a cause seldom is.
NUMBER, BACK = 0.6, 0.8
# Where all other columns tell less than this, strength says little: one column may be all that matters.
COMPARED, STRONG = 0.05, 0.4
# On fewer rows a column may lack companions by chance.
ROWS = 250
# A category of more values names things (owners, places, codes), which TW402 and TW205 judge; a copy has few values.
NAMES = 20
CANDIDATES, CANDIDATES_OF_CLASS, ASSOCIATED, FEW_VALUES = 8, 3, 0.1, 10
# Two columns that compute a number: one of them nearly alone, both to the last digit.
NEARLY, EXACT = 0.9, 0.997
THRESHOLDS, BINS = np.linspace(0.01, 0.99, 99), 20


def run(context: Context) -> list[Finding]:
    columns = context.of_kind(Kind.NUMBER, Kind.BOOLEAN, Kind.CATEGORY, Kind.DATETIME)
    if len(context.features) < 2 or not columns:
        raise NotApplicable("there is no second column to compare with")
    context.need(ROWS, LEAST)
    table = context.quick
    found = []
    for position, one in _candidates(context, table):
        if context.seconds_left < 0:
            break
        finding = _judge(context, table, position, one)
        if finding is not None:
            found.append(finding)
    return found or _computed(context, table)


def _candidates(context: Context, table: QuickTable) -> list[tuple[int, QuickTable]]:
    """Positions of the columns without companions that go most with the target, the strongest first.

    Among several classes a column may be about one of them: each comes with the table of the class that it tells best
    from all others.
    """
    frame = context.development[table.rows]
    every = np.ones(len(table.y), dtype=bool)
    alone = without_companions(table)
    codes = {
        position: column_codes(frame[column.name], column.kind, every, 20)
        for position, column in enumerate(table.columns)
        if column.kind is not Kind.TEXT and alone[position] and not _names(table, position)
    }
    best: dict[int, tuple[float, QuickTable]] = {}
    for one in table.by_label:
        values = {position: strength(code, one.y, one.classes > 0) for position, code in codes.items()}
        ranked = sorted(values, key=lambda position: -values[position])
        for position in ranked[: CANDIDATES if len(table.by_label) == 1 else CANDIDATES_OF_CLASS]:
            if values[position] >= max(ASSOCIATED, best[position][0] if position in best else 0.0):
                best[position] = values[position], one
    return [(position, best[position][1]) for position in sorted(best, key=lambda position: -best[position][0])]


def _judge(context: Context, whole: QuickTable, position: int, table: QuickTable) -> Finding | None:
    """A finding, if the column is strong and has no companions."""
    column = table.columns[position]
    alone = table.skill_of(table.predict([position]))
    if alone < ALONE or near_perfect(context, column):
        return None
    beside = companions(whole, position)
    if not beside.alone:
        return None
    rest = table.skill_of(table.predict([j for j in range(len(table.columns)) if j != position]))
    stepped = not _gradual(table, position) or _stepped(table, position)
    told_back = not table.classes and alone >= NUMBER and 1 - beside.left >= BACK * alone
    sure = (stepped or told_back) and (rest >= COMPARED or alone >= STRONG)
    return Finding(
        code="TW204",
        severity="warning" if sure else "note",
        message=(
            f"Column {column.name!r} alone tells {alone:.0%} of what there is to know about "
            f"{table.about(context.target)} (all columns together {table.skill:.0%}, all others {rest:.0%}), and no "
            "other column goes with it once the target is known: it looks like a copy of the target with errors, "
            "written when the outcome was known."
        ),
        columns=(column.name,),
        evidence={
            "alone": round(alone, 4),
            "all_columns": round(table.skill, 4),
            "without_it": round(rest, 4),
            "told_by_others": round(max(beside.model, beside.linear, 0.0), 4),
            "in_steps": stepped,
            **table.evidence,
        },
        remedy=(
            f"if it is not known at the moment of prediction, train with {flag('--ignore', [column.name])}; "
            "if it is, there is nothing to do"
        ),
    )


def _computed(context: Context, table: QuickTable) -> list[Finding]:
    """Two columns of which a number target can be computed: parts of its sum, or what it was calculated from."""
    if table.classes or table.skill < EXACT:
        return []
    moved = np.abs(_correlations(table))
    first = [j for j in np.argsort(-moved)[:3] if table.skill_of(table.predict([int(j)])) >= NEARLY]
    for one in map(int, first):
        scores = {}
        for other in range(len(table.columns)):
            if other != one and context.seconds_left > 0:
                scores[other] = table.skill_of(table.predict([one, other]))
        other = max(scores, key=scores.__getitem__, default=one)
        names = (table.columns[one].name, table.columns[other].name)
        if other == one or scores[other] < EXACT or any(near_perfect(context, table.columns[j]) for j in (one, other)):
            continue
        return [
            Finding(
                code="TW204",
                severity="warning",
                message=(
                    f"Columns {names[0]!r} and {names[1]!r} together tell {scores[other]:.1%} of what there is to know "
                    f"about {context.target.column!r}: it looks as if it were computed from them."
                ),
                columns=names,
                evidence={"together": round(scores[other], 4), "all_columns": round(table.skill, 4), **table.evidence},
                remedy=(
                    f"if they are not known at the moment of prediction, train with {flag('--ignore', names)}; "
                    "if they are, compute the target instead of predicting it"
                ),
            )
        ]
    return []


def _correlations(table: QuickTable) -> np.ndarray:
    """(p,) correlation of each column with the ranks of the target."""
    x = np.nan_to_num(table.x.astype(np.float64))
    x, y = x - x.mean(axis=0), table.y - table.y.mean()
    return np.asarray(x.T @ y / np.maximum(x.std(axis=0) * y.std() * len(y), 1e-12))


def _gradual(table: QuickTable, position: int) -> bool:
    """Whether a column is a number of many values."""
    values = table.x[:, position]
    return table.columns[position].kind in NUMBERS and len(np.unique(values[~np.isnan(values)])) > FEW_VALUES


def _names(table: QuickTable, position: int) -> bool:
    """Whether a column is a category of so many values that they name things rather than outcomes."""
    values = table.x[:, position]
    most = max(NAMES, 2 * table.classes)
    return table.columns[position].kind is Kind.CATEGORY and len(np.unique(values[~np.isnan(values)])) > most


def _stepped(table: QuickTable, position: int) -> bool:
    """Whether one threshold on a number, and its gaps, know nearly as much of the target as all its values.

    A cause acts gradually; what was written for one class, or for high values, lies on one side.
    """
    values = table.x[:, position]
    present = ~np.isnan(values)
    bins = np.where(present, bins_of(values, present, BINS), 0)
    whole = _fitted(table, bins)
    cuts = np.unique(np.quantile(values[present], THRESHOLDS))
    return max(_fitted(table, np.where(present, values >= cut, 2)) for cut in cuts) >= STEP * whole


def _fitted(table: QuickTable, codes: np.ndarray) -> float:
    """What codes know of two classes or a number on the rows that they are fitted on, less what chance gives them.

    A fitted share lowers the log loss by about 1/(2n) (Akaike 1974), a fitted mean the squared error by 1/n of it.
    """
    _, codes = np.unique(codes, return_inverse=True)
    codes = codes.reshape(-1)
    free = int(codes.max())
    if not table.classes:
        means = np.bincount(codes, weights=table.y) / np.bincount(codes)
        return table.skill_of(means[codes]) - free / len(table.y)
    counts = np.bincount(codes * 2 + table.y, minlength=2 * (free + 1)).reshape(-1, 2) + 0.25
    chances = counts / counts.sum(axis=1, keepdims=True)
    return table.skill_of(chances[codes]) - free / (2 * len(table.y) * max(table.base, 1e-12))


CHECK = Check("TW204", "one-column-whole-model", "warning", "One column as good as the whole model", run, models=True)
