"""What a training came to, in one sentence, read off its result document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainwright.evaluate.formats import estimate, interval, level_text, plural, score
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.lookup import mapping_at


def chosen(result: Mapping[str, Any]) -> str:
    """The name of the selected model, however the result document holds it; "" when there is none."""
    selected = result.get("selected")
    if isinstance(selected, Mapping):
        selected = selected.get("name")
    return str(selected) if selected else ""


def chosen_row(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """The leaderboard row of the selected model; empty when there is none."""
    rows = (row for row in result.get("leaderboard") or [] if row.get("name") == chosen(result))
    return next(rows, {})


def is_baseline(row: Mapping[str, Any]) -> bool:
    """Whether a leaderboard row is one of the simple models that the others must beat."""
    return bool(row.get("baseline") or row.get("role") == "baseline" or row.get("family") == "baseline")


def beats_baselines(result: Mapping[str, Any]) -> bool | None:
    """Whether the selected model beats every baseline on the same rows; None when nothing was compared."""
    said = chosen_row(result).get("verdict")
    if said == "baseline":
        return False
    if said:
        return bool(said == "better")
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
    if any(row.get("comparisons") for row in result.get("leaderboard") or []):
        return [found for row in result["leaderboard"] for found in row.get("comparisons") or []]
    comparison = result.get("comparison")
    if isinstance(comparison, Mapping):
        comparison = next(
            (comparison[key] for key in ("rows", "verdicts", "against") if isinstance(comparison.get(key), Sequence)),
            None,
        )
    if not isinstance(comparison, Sequence) or isinstance(comparison, str):
        return []
    return [row for row in comparison if isinstance(row, Mapping)]


def sealed_level(result: Mapping[str, Any]) -> float:
    """The level of the sealed test's intervals: what the ledger says, else 0.95."""
    return float(mapping_at(result, "ledger").get("level") or 0.95)


def rows_of(result: Mapping[str, Any], part: str) -> int | None:
    """The number of rows behind the figures of a part: with several folds, validation figures stand on every
    development row, each predicted out of fold."""
    split = mapping_at(result, "split")
    sizes = split.get("sizes")
    if part == "validation" and isinstance(sizes, Mapping) and len(split.get("folds") or []) > 1:
        return sizes.get("development")
    rows = (result.get("n_rows") or {}).get(part)
    return rows if isinstance(rows, int) and rows > 0 else None


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


# Checks whose warnings mean that the figures may be too good: a column or a row that knows the answer.
GIVE_AWAY = ("TW102", "TW201", "TW202", "TW204", "TW206")


def give_aways(result: Mapping[str, Any]) -> list[str]:
    """What may know the answer according to the checks: columns, or "rows in both parts"; silenced ones do not count.

    Example:
        >>> give_aways({"findings": [{"code": "TW201", "severity": "warning", "columns": ["follow_up"]}]})
        ["'follow_up'"]
    """
    found = [f for f in result.get("findings") or [] if f.get("code") in GIVE_AWAY and f.get("severity") == "warning"]
    names = [repr(str(c)) for f in found if f["code"] != "TW102" for c in f.get("columns") or []]
    return list(dict.fromkeys(names + ["rows in both parts" for f in found if f["code"] == "TW102"]))


def verdict(result: Mapping[str, Any]) -> Verdict:
    """The one-sentence verdict on a training, from its result document.

    Args:
        result: the result document (`train --json`); absent keys shorten the sentence.

    Example:
        >>> result = {"metric": "r2", "selected": "linear", "target": {"column": "price"}}
        >>> print(verdict({**result, "test": {"r2": 0.84}, "n_rows": {"test": 950}}))
        The chosen model, linear, predicts price with R² 0.840 on 950 sealed test rows.
    """
    said = _judged(result)
    if said.tone == "bad":
        return said
    text = str(mapping_at(result, "present_process").get("text") or "")
    sentence, tone = said.sentence, said.tone
    if text:
        tone = "caution" if tone == "good" and not text.startswith("better") else tone
        sentence = f"{sentence.removesuffix('.')}; it is {text}."
    known = give_aways(result)
    if known and tone != "plain":
        named = ", ".join(known[:3]) + (f" and {len(known) - 3} more" if len(known) > 3 else "")
        return Verdict(f"{sentence} This may be too good: {named} may give the answer away.", "caution")
    return Verdict(sentence, tone)


def _judged(result: Mapping[str, Any]) -> Verdict:
    """The verdict without the present process."""
    metric = str(result.get("metric") or "")
    part = next((p for p in ("test", "validation") if (result.get(p) or {}).get(metric) is not None), None)
    column = (result.get("target") or {}).get("column") or "the target"
    name = f"The chosen model, {chosen(result)}," if chosen(result) else "The model"
    beats = beats_baselines(result)
    if part is None:
        return Verdict(f"{name} was trained to predict {column}; it has not been evaluated.", "plain")
    figure = result[part][metric]
    spread = interval(metric, figure)
    reached = f"{explain(metric).title} {score(metric, figure)}"
    reached += f" ({level_text(sealed_level(result) if part == 'test' else 0.95)} interval {spread})" if spread else ""
    rows = rows_of(result, part)
    noun = "sealed test row" if part == "test" else "row that the scoring models had not seen"
    many = None if part == "test" else "rows that the scoring models had not seen"
    where = f" on {plural(rows, noun, many)}" if rows else ""
    rows_named = [row for row in comparison_rows(result) if row.get("name", row.get("candidate")) == chosen(result)]
    beaten = [_spoken(row, result) for row in rows_named if row.get("verdict") == "better"]
    stand = [_spoken(row, result) for row in rows_named if row.get("verdict") != "better"]
    if beats is False and _only_guessing(result):
        return Verdict(
            f"No model could be trained within the time limit: only guessing without the columns was measured, with "
            f"{reached}{where}. Give more time.",
            "bad",
        )
    if beats is False and is_baseline(chosen_row(result)) and not beaten:
        return Verdict(
            f"No candidate clearly beats the simple models, so {_with_article(chosen(result))} is chosen; "
            f"it predicts {column} with {reached}{where}.",
            "caution",
        )
    if beats is False and beaten and stand:
        sentence = f"{name} predicts {column} with {reached}{where}; "
        sentence += f"it beats {' and '.join(beaten)}, but not clearly {' or '.join(stand)}."
        return Verdict(sentence, "caution")
    if beats is False:
        return Verdict(
            f"No baseline is clearly beaten: {name[0].lower()}{name[1:]} predicts {column} "
            f"with {reached}{where}, which is not clearly more than the simplest models reach.",
            "bad",
        )
    sentence = f"{name} predicts {column} with {reached}{where}"
    if beats:
        sentence += f" and beats {beaten[0]}" if len(rows_named) == len(beaten) == 1 else " and beats every baseline"
    caution = _caution(result, metric)
    if caution:
        return Verdict(f"{sentence}, {caution}.", "caution")
    return Verdict(f"{sentence}.", "good" if beats else "plain")


def _spoken(row: Mapping[str, Any], result: Mapping[str, Any]) -> str:
    """The baseline of a comparison by its name; one that ignores every column is guessing."""
    name = str(row.get("against"))
    families = {str(r.get("name")): r.get("family") for r in result.get("leaderboard") or []}
    return "guessing" if families.get(name) == "baseline" else name


def _caution(result: Mapping[str, Any], metric: str) -> str:
    """The most serious reason not to trust the figure yet, as half a sentence, or ""."""
    errors = [f for f in result.get("findings") or [] if f.get("severity") == "error"]
    if errors:
        return f"but {plural(len(errors), 'finding')} about the data must be settled first"
    _, low, high = estimate((result.get("validation") or {}).get(metric))
    _, test_low, test_high = estimate((result.get("test") or {}).get(metric))
    if low is not None and high is not None and test_low is not None and test_high is not None:
        worse = test_high < low if explain(metric).greater_is_better else test_low > high
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


def _only_guessing(result: Mapping[str, Any]) -> bool:
    """Whether nothing but the majority or mean was finished."""
    rows = result.get("leaderboard") or []
    return bool(rows) and all(row.get("family") == "baseline" for row in rows)


def _with_article(name: str | None) -> str:
    return "the majority or mean" if name == "baseline" else f"the baseline {name}"
