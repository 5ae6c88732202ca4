"""Plain language for figures: metrics with intervals, percentages, durations, counts, and the one-sentence verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.evaluate.glossary import METRICS, TERMS, Explanation, explain

__all__ = [
    "METRICS",
    "TERMS",
    "Explanation",
    "Verdict",
    "beats_baselines",
    "chosen",
    "comparison_rows",
    "count",
    "duration",
    "estimate",
    "explain",
    "interval",
    "level_text",
    "number",
    "one_in",
    "part_label",
    "percent",
    "plural",
    "score",
    "sealed_level",
    "verdict",
]

THIN = "\u00a0"  # a space that does not break, between a number and its unit


def count(value: float) -> str:
    """A whole number with thousands separated.

    Example:
        >>> count(27676)
        '27,676'
    """
    return f"{round(value):,}"


def plural(value: int, noun: str, many: str | None = None) -> str:
    """A count with its noun.

    Example:
        >>> plural(1, "row"), plural(27676, "row")
        ('1 row', '27,676 rows')
    """
    return f"{count(value)} {noun if value == 1 else many or noun + 's'}"


def number(value: float | None, width: float | None = None) -> str:
    """A number with as many decimals as it deserves: two digits of `width` (the interval's) where given, else about
    three significant digits, never more than four decimals.

    Example:
        >>> number(0.92731, width=0.012), number(48123.4, width=900.0), number(12.3456)
        ('0.927', '48,123', '12.3')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if width is not None and math.isfinite(width) and width > 0:
        decimals = 1 - math.floor(math.log10(width))
    elif value == 0:
        decimals = 1
    else:
        decimals = 2 - math.floor(math.log10(abs(value)))
    text = f"{value:,.{max(0, min(4, decimals))}f}"
    return text.replace("-", "−")


def percent(share: float | None, width: float | None = None) -> str:
    """A share between 0 and 1 as a percentage.

    Example:
        >>> percent(0.8534).replace(THIN, " ")
        '85.3 %'
    """
    if share is None or not math.isfinite(share):
        return "–"
    if width is None:
        width = 0.01 if 0.01 <= abs(share) <= 0.99 else 0.001
    return f"{number(share * 100, width * 100)}{THIN}%"


def one_in(share: float) -> str:
    """A share as a frequency that people picture better than a percentage.

    Example:
        >>> one_in(0.083), one_in(0.65), one_in(0)
        ('1 in 12', '65 in 100', 'none')
    """
    if not math.isfinite(share) or share <= 0:
        return "none"
    if share < 0.3:
        return f"1 in {count(1 / share)}"
    return f"{count(share * 100)} in 100" if share < 1 else "all"


def duration(seconds: float | None) -> str:
    """A length of time, short.

    Example:
        >>> duration(0.012).replace(THIN, " "), duration(118).replace(THIN, " "), duration(7300).replace(THIN, " ")
        ('12 ms', '1 min 58 s', '2 h 2 min')
    """
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 0.9995:
        return f"{number(seconds * 1000)}{THIN}ms"
    if seconds < 59.95:
        return f"{seconds:.1f}{THIN}s" if seconds < 10 else f"{seconds:.0f}{THIN}s"
    whole = round(seconds)
    parts = (
        ((whole // 3600, "h"), (whole % 3600 // 60, "min"))
        if whole >= 3600
        else ((whole // 60, "min"), (whole % 60, "s"))
    )
    return " ".join(f"{amount}{THIN}{unit}" for amount, unit in parts if amount)


def estimate(figure: Any) -> tuple[float | None, float | None, float | None]:
    """Value, low and high of a figure given as a bare number or as `{"value", "low", "high"}`; None where absent."""
    if isinstance(figure, Mapping):
        return _finite(figure.get("value")), _finite(figure.get("low")), _finite(figure.get("high"))
    return _finite(figure), None, None


def score(metric: str, figure: Any) -> str:
    """The value of a metric, in its own style, with decimals fitting its interval.

    Example:
        >>> score("roc_auc", {"value": 0.92731, "low": 0.921, "high": 0.933})
        '0.927'
    """
    value, low, high = estimate(figure)
    width = high - low if low is not None and high is not None else None
    return percent(value, width) if explain(metric).percent else number(value, width)


def interval(metric: str, figure: Any) -> str:
    """The interval of a metric as "0.921 to 0.933", or "" when there is none."""
    _, low, high = estimate(figure)
    if low is None or high is None:
        return ""
    style = percent if explain(metric).percent else number
    return f"{style(low, high - low)} to {style(high, high - low)}"


def part_label(document: Mapping[str, Any]) -> str:
    """What rows an evaluation document is about.

    Example:
        >>> part_label({"part": "validation", "n_rows": 27676})
        'out-of-fold predictions of 27,676 development rows'
    """
    rows = document.get("n_rows")
    kind = document.get("part")
    if kind == "validation":
        return (
            f"out-of-fold predictions of {plural(rows, 'development row')}"
            if rows
            else "out-of-fold predictions"
        )
    noun = "sealed test row" if kind == "test" else "row" if kind == "file" else "row"
    where = " of the file given" if kind == "file" else ""
    return f"predictions of {plural(rows, noun)}{where}" if rows else "predictions"


def chosen(result: Mapping[str, Any]) -> str:
    """The name of the selected model, however the result document holds it; "" when there is none."""
    selected = result.get("selected")
    if isinstance(selected, Mapping):
        selected = selected.get("name")
    return str(selected) if selected else ""


def beats_baselines(result: Mapping[str, Any]) -> bool | None:
    """Whether the selected model beats every baseline on the same rows; None when nothing was compared."""
    comparison = result.get("comparison")
    if isinstance(comparison, Mapping):
        for key in ("beats_baselines", "beats_baseline"):
            if isinstance(comparison.get(key), bool):
                return bool(comparison[key])
    verdicts = [
        row.get("verdict")
        for row in comparison_rows(result)
        if row.get("name", row.get("candidate")) in (chosen(result), None) and row.get("verdict")
    ]
    return all(word == "better" for word in verdicts) if verdicts else None


def comparison_rows(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of the comparison with baselines: each with name, against, difference, low, high, verdict."""
    comparison = result.get("comparison")
    if isinstance(comparison, Mapping):
        comparison = next(
            (
                comparison[key]
                for key in ("rows", "verdicts", "against")
                if isinstance(comparison.get(key), Sequence)
            ),
            None,
        )
    if not isinstance(comparison, Sequence) or isinstance(comparison, str):
        return []
    return [row for row in comparison if isinstance(row, Mapping)]


def sealed_level(result: Mapping[str, Any]) -> float:
    """The level of the sealed test's intervals: what the ledger says, else 0.95."""
    ledger = result.get("ledger")
    return float(ledger.get("level") or 0.95) if isinstance(ledger, Mapping) else 0.95


def level_text(level: float) -> str:
    """The level of an interval.

    Example:
        >>> level_text(0.975).replace(THIN, " ")
        '97.5 %'
    """
    return f"{round(level * 100, 2):g}{THIN}%"


@dataclass(frozen=True)
class Verdict:
    """What a training came to.

    Args:
        sentence: the one sentence, without markup.
        tone: "good", "caution", "bad", or "plain" when there is nothing to judge by.
    """

    sentence: str
    tone: str

    def __str__(self) -> str:
        return self.sentence


def verdict(result: Mapping[str, Any]) -> Verdict:
    """The one-sentence verdict on a training, from its result document.

    Args:
        result: the result document (`train --json`); absent keys shorten the sentence.

    Example:
        >>> print(verdict({"metric": "roc_auc", "selected": "lightgbm", "target": {"column": "income"},
        ...                "test": {"roc_auc": 0.927}, "n_rows": {"test": 4884},
        ...                "comparison": {"beats_baselines": True}}))
        lightgbm predicts income with ROC-AUC 0.927 on 4,884 sealed test rows and beats every baseline.
    """
    metric = str(result.get("metric") or "")
    part = next((p for p in ("test", "validation") if (result.get(p) or {}).get(metric) is not None), None)
    column = (result.get("target") or {}).get("column") or "the target"
    name = chosen(result) or "The model"
    beats = beats_baselines(result)
    if part is None:
        return Verdict(f"{name} was trained to predict {column}; it has not been evaluated.", "plain")
    figure = result[part][metric]
    spread = interval(metric, figure)
    reached = f"{explain(metric).title} {score(metric, figure)}"
    reached += (
        f" ({level_text(sealed_level(result) if part == 'test' else 0.95)} interval {spread})" if spread else ""
    )
    rows = (result.get("n_rows") or {}).get(part)
    noun = "sealed test row" if part == "test" else "row that the scoring models had not seen"
    many = None if part == "test" else "rows that the scoring models had not seen"
    where = f" on {plural(rows, noun, many)}" if rows else ""
    if beats is False:
        return Verdict(
            f"No baseline is clearly beaten: {name} predicts {column} with {reached}{where}, "
            "which chance alone could explain beside the simplest models.",
            "bad",
        )
    sentence = f"{name} predicts {column} with {reached}{where}"
    sentence += " and beats every baseline" if beats else ""
    caution = _caution(result, metric)
    if caution:
        return Verdict(f"{sentence}, {caution}.", "caution")
    return Verdict(f"{sentence}.", "good" if beats else "plain")


def _caution(result: Mapping[str, Any], metric: str) -> str:
    """The most serious reason not to trust the figure yet, as half a sentence, or ""."""
    errors = [f for f in result.get("findings") or [] if f.get("severity") == "error"]
    if errors:
        return f"but {plural(len(errors), 'finding')} about the data must be settled first"
    _, low, high = estimate((result.get("validation") or {}).get(metric))
    _, test_low, test_high = estimate((result.get("test") or {}).get(metric))
    if None not in (low, high, test_low, test_high):
        worse = test_high < low if explain(metric).greater_is_better else test_low > high  # type: ignore[operator]
        if worse:
            return "but the sealed test came out clearly worse than validation"
    diagnosis = result.get("diagnosis")
    if isinstance(diagnosis, Sequence) and not isinstance(diagnosis, str):
        diagnosis = diagnosis[0] if diagnosis else None
    code = diagnosis.get("code") if isinstance(diagnosis, Mapping) else diagnosis
    words = {
        "overfitting": "but it partly memorised its training rows",
        "underfitting": "but it may be too simple for the data",
        "unstable": "but its score varies much between folds",
        "data_issue": "but something about the data looks wrong",
    }
    return words.get(str(code or "").replace(" ", "_").replace("-", "_"), "")


def _finite(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
