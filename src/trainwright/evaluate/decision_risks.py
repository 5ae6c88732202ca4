"""The risks of relying on a model, each with how it is watched, read off the result document."""

from __future__ import annotations

import math
from collections.abc import Mapping

from trainwright.evaluate.decision_figures import CASES, Evaluations, PerThousand, Result
from trainwright.evaluate.decision_words import of_hundred, positive_name
from trainwright.evaluate.formats import count, estimate, plural

Risk = tuple[str, str]
# A class that is found less often than this deserves a line of its own.
WEAK = 0.5
FEW_POSITIVE = 100
CHECKED_BY_HAND = 200


def risks(result: Result, evaluations: Evaluations, model: PerThousand | None) -> list[Risk]:
    """Each risk and how it is watched, the user's own first.

    Args:
        result: the result document.
        evaluations: evaluation documents by part.
        model: the chosen model in 1,000 cases, or None.
    """
    problem = result.get("problem")
    own = problem.get("risks") if isinstance(problem, Mapping) else None
    out: list[Risk] = [_own(str(text)) for text in own or []]
    out += _findings(result)
    out += _unmet(result)
    out += _weak_classes(result, evaluations)
    out += _memorised(result)
    out += _few(result, evaluations)
    out.append(_change(result, model))
    hand = f"Have a person judge {CHECKED_BY_HAND} cases drawn by chance every month, flagged or not, and compare."
    out.append(("Nobody notices when the model gets worse, because only flagged cases are looked at.", hand))
    return out


def _own(text: str) -> Risk:
    """A risk of the problem statement; what follows the first colon is how it is watched."""
    risk, _, watched = text.partition(":")
    watched = watched.strip()
    return _sentence(risk), _sentence(watched) or "Not stated: how it is watched. Write it behind a colon."


def _findings(result: Result) -> list[Risk]:
    found = [f for f in result.get("findings") or [] if isinstance(f, Mapping)]
    out = []
    for severity, words in (
        ("error", "would make the figures on this page worthless"),
        ("warning", "may make the figures on this page too good"),
    ):
        own = [f for f in found if f.get("severity") == severity]
        if own:
            columns = list(dict.fromkeys(str(c) for f in own for c in f.get("columns") or []))
            named = (
                f" (columns: {', '.join(columns[:6])}{' and others' if len(columns) > 6 else ''})" if columns else ""
            )
            thing = plural(len(own), "finding")
            out.append(
                (
                    f"The checks of the data report {thing} that {words}{named}.",
                    "Read 'Findings about the data' in this report; each says what to do.",
                )
            )
    return out


def _unmet(result: Result) -> list[Risk]:
    needs = result.get("requirements")
    unmet = needs.get("unmet") if isinstance(needs, Mapping) else None
    if not unmet:
        return []
    n = len(unmet)
    return [
        (
            f"{plural(n, 'requirement')} of yours {'is' if n == 1 else 'are'} not kept.",
            "Section 'Chosen model' names each and by how much. Decide whether it is a reason to wait.",
        )
    ]


def _weak_classes(result: Result, evaluations: Evaluations) -> list[Risk]:
    document = evaluations.get("test") or evaluations.get("validation") or {}
    rows = document.get("per_class") or []
    weak = [r for r in rows if (estimate(r.get("recall"))[0] or 0.0) < WEAK and (r.get("support") or 0) > 0]
    if not weak:
        return []
    if len(rows) == 2:
        weak = [r for r in weak if r.get("class") == (result.get("target") or {}).get("positive")]
        if not weak:
            return []
        share = estimate(weak[0].get("recall"))[0]
        return [
            (
                f"Most {positive_name(result)} cases are missed: it finds {of_hundred(share)}.",
                "A case that is not flagged is not thereby safe: keep the checks that there are.",
            )
        ]
    names = ", ".join(str(r.get("class")) for r in weak[:5]) + (" and others" if len(weak) > 5 else "")
    return [
        (
            f"{plural(len(weak), 'class is', 'classes are')} found less than half the time: {names}.",
            "Let a person decide these cases, and collect more examples of them.",
        )
    ]


def _memorised(result: Result) -> list[Risk]:
    diagnosis = result.get("diagnosis")
    items = diagnosis if isinstance(diagnosis, list) else [diagnosis]
    codes = {str(i.get("code") if isinstance(i, Mapping) else i) for i in items if i}
    if "overfitting" in codes:
        return [
            (
                "It does much better on cases it learned from than on new ones.",
                "Only figures on new cases count; all on this page are such. More examples would help.",
            )
        ]
    if "unstable" in codes:
        return [
            (
                "How good it is depends much on which cases it is asked about.",
                "Look at every site, month or product singly before relying on it there.",
            )
        ]
    return []


def _few(result: Result, evaluations: Evaluations) -> list[Risk]:
    test = evaluations.get("test")
    if not test:
        return [
            (
                "No cases were put aside for a last, untouched check.",
                "The figures come from cases held back in turn. Judge the model on new cases before relying on it.",
            )
        ]
    positive = (result.get("target") or {}).get("positive")
    support = [
        r.get("support") or 0 for r in test.get("per_class") or [] if positive is None or r.get("class") == positive
    ]
    if not support or min(support) >= FEW_POSITIVE:
        return []
    return [
        (
            f"The last check holds only {plural(min(support), 'case')} of "
            f"{'its rarest class' if positive is None else positive_name(result)}: chance alone moves such figures.",
            "Read the ranges, not the single figures, and repeat the check when more cases are known.",
        )
    ]


def _change(result: Result, model: PerThousand | None) -> Risk:
    risk = "The world changes: new suppliers, seasons, rules or sensors make cases unlike those it learned from."
    if model is None or model.flagged is None:
        return risk, "Compare its answers with the truth on fresh cases, at least every quarter, and train again."
    share = model.flagged / CASES
    half = 1.96 * math.sqrt(share * (1 - share) / CASES) * CASES  # what chance alone does to a share in 1,000 cases
    low, high = max(0.0, model.flagged - half), min(float(CASES), model.flagged + half)
    watched = (
        f"It flags about {count(model.flagged)} in 1,000 cases now. When it leaves the range "
        f"{count(low)} to {count(high)}, find out why before relying on it."
    )
    return risk, watched


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "!", "?")) else f"{text}."
