"""Words in column names that speak of an outcome, or of what follows it."""

from __future__ import annotations

from trainwright.data.checks.column_words import words_of

# What is done, written or paid once something has happened.
AFTER = {
    *("actual", "actuals", "autopsy", "cancel", "canceled", "cancelled", "cancellation", "chargeback", "churn"),
    *("churned", "closed", "closing", "closure", "collections", "conclusion", "confirmed", "discharge", "discharged"),
    *("disposition", "dunning", "final", "followup", "foreclosure", "investigated"),
    *("investigation", "outcome", "payout", "postmortem", "recovered", "recoveries", "recovery", "refund", "refunded"),
    *("reimbursed", "reimbursement", "repair", "repaired", "repairs", "resolution", "resolved", "result", "results"),
    *("rework", "reworked", "scrap", "scrapped", "settled", "settlement", "terminated", "termination"),
    *("verdict", "writeoff", "chargeoff"),
}
# Ordinary words, like the target's own name, mean the same only where the column knows more than all others.
PERHAPS = {"decision", "duration", "elapsed", "ended", "followed", "lasted", "stopped"}
# What is said of an earlier outcome, which is known in time.
EARLIER = {
    *("average", "avg", "before", "earlier", "expected", "first", "former", "forecast", "historic", "history", "lag"),
    *("last", "mean", "past", "planned", "predicted", "prev", "previous", "prior", "yesterday"),
}
SHORTEST = 4


def after_word(name: str, target: str) -> tuple[str, bool] | None:
    """The word in a column's name that speaks of the outcome, and whether the word alone says so.

    Args:
        name: of the column.
        target: the name of the target column.

    Returns:
        The word, and False for words that say so only where the column knows the target; None for other names.

    Example:
        >>> after_word("refund_amount", "churn"), after_word("call duration", "sold"), after_word("age", "sold")
        (('refund', True), ('duration', False), None)
        >>> after_word("churn_date", "Churn"), after_word("poutcome", "y")
        (('churn', True), None)
        >>> after_word("last_result", "result"), after_word("income_of_the_household", "income")
        (None, ('income', False))
    """
    words, goal = words_of(name), words_of(target)
    if EARLIER & set(words):
        return None
    for word in words:
        if word in AFTER:
            return word, True
    repeated = any(words[i : i + len(goal)] == goal for i in range(len(words) - len(goal) + 1)) and words != goal
    if repeated and len("".join(goal)) >= SHORTEST:
        return " ".join(goal), False
    return next(((word, False) for word in words if word in PERHAPS), None)
