"""What is said about a try: the rule by which it is kept, and what the comparison showed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from trainwright.evaluate.compare import BETTER, SAME, TOO_FEW, WORSE, Comparison
from trainwright.evaluate.formats import count, interval, level_text, score
from trainwright.evaluate.glossary import explain

VERDICTS = {BETTER: "is better", WORSE: "is worse", SAME: "is not distinguishable"}
FROM = {BETTER: "than", WORSE: "than", SAME: "from"}


def rule_words(iteration: Mapping[str, Any], metric: str, level: float) -> str:
    """The rule by which a try is kept, in words.

    Example:
        >>> rule_words({"try": 1, "base": {"version": "v1"}}, "roc_auc", 0.95).replace("\\u00a0", " ")
        'kept if ROC-AUC is better than that of v1 beyond noise (95 % interval, paired on the same rows)'
    """
    label = iteration["base"]["version"]
    if iteration.get("accept"):
        return f"kept if {iteration['accept']}, each held by the end of its 95 % interval that speaks against it"
    k = int(iteration["try"])
    nth = f"; it is try {k} from {label}, so luck gets less room than 5 %" if k > 1 else ""
    return (
        f"kept if {explain(metric).title} is better than that of {label} beyond noise "
        f"({level_text(level)} interval, paired on the same rows{nth})"
    )


def comparison_words(found: Comparison, label: str) -> str:
    """What a comparison with an earlier run says.

    Args:
        found: the new run against the earlier one.
        label: what the earlier one is called.
    """
    if found.verdict == TOO_FEW:
        return f"{count(found.n_rows)} held-out rows are too few to compare with {label}"
    verdict = f"{VERDICTS[found.verdict]} {FROM[found.verdict]} that of {label}"
    return f"{explain(found.metric).title} {verdict}{by_words(found.to_json())}"


def by_words(found: Mapping[str, Any]) -> str:
    """By how much a verdict holds: " by 0.31 (...)"; where there is none, the difference with its interval.

    Example:
        >>> found = {"metric": "rmse", "difference": -0.31, "low": -0.47, "high": -0.15, "level": 0.95, "n_rows": 876}
        >>> by_words({**found, "verdict": "worse"}).replace("\\u00a0", " ")
        ' by 0.31 (0.15 to 0.47, 95 % interval, 876 rows)'
        >>> by_words({**found, "high": 0.1, "verdict": "not distinguishable"}).replace("\\u00a0", " ")
        ': better by −0.31 (−0.47 to 0.10, 95 % interval, 876 rows)'
    """
    if found.get("verdict") == WORSE:
        low, high = found.get("low"), found.get("high")
        turned = {"low": None if high is None else -high, "high": None if low is None else -low}
        return f" by {gain_words({**found, 'difference': -found['difference'], **turned})}"
    return f" by {gain_words(found)}" if found.get("verdict") == BETTER else f": better by {gain_words(found)}"


def gain_words(found: Mapping[str, Any], *, rows: bool = True) -> str:
    """How much better, with its interval; less than nothing is worse.

    Args:
        found: `Comparison.to_json()`.
        rows: say on how many rows, and at which level.

    Example:
        >>> found = {"metric": "roc_auc", "difference": 0.012, "low": 0.004, "high": 0.02, "level": 0.95, "n_rows": 900}
        >>> gain_words(found).replace("\\u00a0", " "), gain_words(found, rows=False)
        ('0.012 (0.004 to 0.020, 95 % interval, 900 rows)', '0.012 (0.004 to 0.020)')
    """
    metric, low, high = str(found["metric"]), found.get("low"), found.get("high")
    if found.get("difference") is None:
        return "what cannot be measured on these rows"
    width = None if low is None or high is None else high - low
    gain = score(metric, found["difference"] + 0.0, width)
    if low is None or high is None:
        return f"{gain}, without an interval"
    if low == 0 == high:
        return "nothing"
    reach = interval(metric, {"low": low, "high": high}, width)
    on = f", {level_text(found['level'])} interval, {count(found['n_rows'])} rows" if rows else ""
    return f"{gain} ({reach}{on})"


def same_words(label: str, *, moved: bool) -> str:
    """What is said where every prediction is the same as before.

    Args:
        label: what the earlier run is called.
        moved: the threshold is another one.
    """
    if moved:
        return f"every probability is the same as that of {label}; only the threshold is another one"
    return f"every prediction is the same as that of {label}: the change made no difference"


def cut_words(names: Sequence[str], label: str) -> str:
    """What is said where a try lacks candidates that the earlier run has.

    Example:
        >>> cut_words(["catboost"], "v1")
        'catboost, which v1 has, was not finished in time, so the setting is not judged: try again on a free machine'
    """
    many = len(names) > 1
    which = " and ".join([", ".join(names[:-1]), names[-1]] if many else names)
    return (
        f"{which}, which {label} has, {'were' if many else 'was'} not finished in time, so the setting is not judged: "
        "try again on a free machine"
    )
