"""Finds test rows whose features equal those of a development row: a model may know them by heart."""

from __future__ import annotations

from trainwright.data.checks.context import Context
from trainwright.data.checks.finding import Check, Finding, NotApplicable

NOTE, WARNING, SAME_FILE = 0.005, 0.05, 0.5
# A test file of the user's own should hold no training row at all; a few are forgiven.
WARNING_GIVEN = 0.01
# Where chance makes repeats, test rows repeat development rows about as often as these repeat each other.
MORE_THAN_CHANCE = 3.0


def run(context: Context) -> list[Finding]:
    test = context.test_features
    if test is None or not test.height:
        raise NotApplicable("there is no test part")
    held = set(test.columns)
    names = [column.name for column in context.features if column.name in held]
    if not names:
        raise NotApplicable("there is no feature column")
    known = context.development.select(names).hash_rows().unique()
    types = context.development.schema  # read once: for thousands of columns it is slow to make
    alike = test.select(names).cast({name: types[name] for name in names})
    both = int(alike.hash_rows().is_in(known.implode()).sum())
    share = both / test.height
    if share < NOTE:
        return []
    within = context.copies.rows / max(context.n, 1)
    natural = context.copies.natural and share <= MORE_THAN_CHANCE * within
    because = (
        f" Development rows repeat each other as well ({within:.1%} have a copy), as these columns do by chance."
        if natural
        else ""
    )
    given = context.split is not None and context.split.rule.given_test
    return [
        Finding(
            code="TW102",
            severity=_severity(share, natural, given),
            message=(
                f"{both:,} of {test.height:,} test rows ({share:.1%}) have the same features as a "
                f"development row, so the test figures are partly about rows the model has seen.{because}"
            ),
            evidence={
                "test_rows": both,
                "of": test.height,
                "share": round(share, 4),
                "share_within_development": round(within, 4),
                "natural": natural,
            },
            remedy=(
                "take rows of the test file out of the training file, or the other way round, and train again"
                if given
                else "remove copies before training, or name what they share (a customer) with --group"
            ),
        )
    ]


def _severity(share: float, natural: bool, given: bool) -> str:
    if share >= SAME_FILE and given and not natural:
        return "error"  # a test file that repeats the training file measures memory
    return "warning" if share >= (WARNING_GIVEN if given else WARNING) and not natural else "note"


CHECK = Check("TW102", "rows-in-both-parts", "error", "Test rows that equal development rows", run)
