"""What can be known about a stored dataset version before a training on it, from its development rows alone."""

from __future__ import annotations

from typing import Any

from trainwright.data.checks import run_checks
from trainwright.data.checks.mix_of_places import CHECK as MIX_OF_PLACES
from trainwright.data.checks.policy import check_codes, silence
from trainwright.data.checks.rows_in_both_parts import CHECK as ROWS_IN_BOTH_PARTS
from trainwright.data.checks.told_apart import CHECK as TOLD_APART
from trainwright.training.prepare import examined
from trainwright.training.stored import Stored

# These compare the parts, and the sealed one is left alone here, its features included.
LATER = "it compares with the sealed test, which is left alone until the training begins"
COMPARING = (ROWS_IN_BOTH_PARTS, MIX_OF_PLACES, TOLD_APART)
# Of the split's summary, what is kept for other readers.
OWN = ("understood", "incremental")


def examine_stored(stored: Stored) -> dict[str, Any]:
    """What `examine` says, about a dataset version; nothing is written and no sealed row is read.

    Its figures are counted on development rows: `statistics.counted` says on how many.

    Args:
        stored: see `read_stored`.

    Example:
        >>> found = examine_stored(read_stored(workspace, None, settings))           # doctest: +SKIP
        >>> found["rows"], found["statistics"]["counted"]                            # doctest: +SKIP
        (160, 128)
    """
    from trainwright.data.statistics import statistics

    table, ignored = stored.table, stored.settings.data.ignore_findings
    check_codes(ignored)
    findings = run_checks(
        table.frame,
        None,
        table.schema,
        table.target,
        stored.split,
        deadline=60,
        notes=table.notes,
        later={check.code: LATER for check in COMPARING},
    )
    summary = {key: value for key, value in (stored.row.summary or {}).items() if key not in OWN}
    # Every stored row has a label: what had none was left out before it was stored.
    whole = {"rows": stored.dataset.rows, "labelled": stored.dataset.rows, "split": summary}
    figures = statistics(table.frame, table.schema, table.target)
    return examined(
        table,
        silence(findings, ignored),
        rows=stored.dataset.rows,
        split=summary,
        statistics={**figures, **whole, "counted": table.frame.height},
    )
