"""The evidence behind each line of the checklist: a state and why, read off the documents of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainwright.evaluate.decision_asks import gaps
from trainwright.evaluate.formats import duration, estimate, percent, plural
from trainwright.evaluate.glossary import explain
from trainwright.evaluate.lookup import mapping_at

Result = Mapping[str, Any]
Evaluations = Mapping[str, Mapping[str, Any]]
Said = tuple[str, str]
DONE, OPEN, NOT_APPLICABLE = "done", "open", "not applicable"


def _board(result: Result) -> list[Mapping[str, Any]]:
    return [row for row in result.get("leaderboard") or [] if row.get("role") != "present"]


def target(result: Result) -> Said:
    """What is predicted."""
    target = mapping_at(result, "target")
    if not target.get("column"):
        return OPEN, "no target is named"
    classes = target.get("classes") or []
    return DONE, f"{target['column']}, {plural(len(classes), 'class', 'classes') if classes else 'a number'}"


def decision(result: Result) -> Said:
    """Which decision is stated."""
    problem = result.get("problem")
    said = problem if isinstance(problem, str) else mapping_at(result, "problem").get("decision")
    return (DONE, str(said)) if said else (OPEN, "state it: problem: decision: ...")


def metric(result: Result) -> Said:
    """Whether the metric was chosen, or fits stated costs."""
    title = explain(str(result.get("metric") or "")).title
    costs = mapping_at(result, "problem", "costs") or mapping_at(result, "problem", "class_costs")
    if "training.metric" in mapping_at(result, "origins"):
        return DONE, f"{title}, as asked"
    if costs:
        return DONE, f"{title}; the costs stated decide where a case is flagged"
    if not result.get("metric"):
        return OPEN, "no metric is on record"
    return OPEN, f"{title} by default: state what errors cost (problem: costs:) or name a metric (training: metric:)"


def balance(result: Result) -> Said:
    """How rare the rarest class is."""
    if mapping_at(result, "target").get("task") == "number":
        return NOT_APPLICABLE, "the target is a number"
    split = mapping_at(result, "split")
    shares: dict[str, float] = {}
    given = split.get("class_shares")
    if isinstance(given, Mapping):
        own = given.get("development", given)
        shares = {str(k): v for k, v in own.items() if isinstance(v, int | float)}
    for row in split.get("classes") or []:
        if isinstance(row, Mapping) and isinstance(row.get("development"), int | float):
            shares[str(row.get("class"))] = row["development"]
    if not shares:
        return OPEN, "no shares are on record"
    rarest = min(shares, key=lambda name: shares[name])
    return DONE, f"the rarest class, {rarest}, has {percent(shares[rarest])} of the development rows"


def checked(result: Result) -> Said:
    """What the checks found."""
    if "findings" not in result:
        return OPEN, "the checks were not run"
    found = [f for f in result["findings"] or [] if isinstance(f, Mapping)]
    serious = [f for f in found if f.get("severity") == "error"]
    if serious:
        codes = ", ".join(dict.fromkeys(str(f.get("code")) for f in serious))
        return OPEN, f"{plural(len(serious), 'serious finding')} must be settled first: {codes}"
    warnings = sum(f.get("severity") == "warning" for f in found)
    return DONE, f"{plural(len(found), 'finding')}, {plural(warnings, 'warning')} among them; see 'Findings'"


def split(result: Result) -> Said:
    """By which rule rows were parted."""
    split = mapping_at(result, "split")
    reasons = split.get("reason")
    words = reasons if isinstance(reasons, str) else " ".join(map(str, reasons or []))
    if words:
        return DONE, words
    return (DONE, "by the rule in 'How to repeat it'") if split.get("rule") else (OPEN, "no split is on record")


def test(result: Result) -> Said:
    """How many rows were sealed."""
    n = mapping_at(result, "n_rows").get("test") or 0
    return (
        (DONE, f"{plural(n, 'row')} sealed before anything was learned") if n else (OPEN, "no row was sealed as test")
    )


def baseline(result: Result) -> Said:
    """Which baselines were trained."""
    names = [str(r.get("name")) for r in _board(result) if r.get("baseline") or r.get("role") == "baseline"]
    return (DONE, ", ".join(names)) if names else (OPEN, "no baseline was trained")


def pipeline(result: Result) -> Said:
    """Whether the preparation is part of the package."""
    package = mapping_at(result, "package")
    if not package:
        return OPEN, "no package is on record"
    return DONE, "learned within each fold and stored in the package; predictions use the same one"


def tracked(result: Result) -> Said:
    """What the record of the run holds."""
    lacking = [
        name
        for name, there in (
            ("settings", "settings" in result),
            ("seed", "seed" in result),
            ("versions", bool(result.get("versions") or result.get("environment"))),
            ("hardware", bool(result.get("hardware"))),
        )
        if not there
    ]
    if lacking:
        return OPEN, f"not on record: {', '.join(lacking)}"
    return DONE, f"run {result.get('run')}: settings, seed {result.get('seed')}, versions, hardware, every trial"


def compared(result: Result) -> Said:
    """Whether candidates were scored on the same folds."""
    board = _board(result)
    folds = {len(row.get("fold_scores") or row.get("folds") or []) for row in board}
    if len(board) < 2:
        return OPEN, "fewer than two candidates were finished"
    if len(folds) != 1:
        return OPEN, "not every candidate was scored on the same folds"
    number = folds.pop()
    return DONE, f"{len(board)} candidates on the same {plural(number, 'fold')}" if number else "on the same rows"


def watched(result: Result) -> Said:
    """Whether training and validation stand side by side."""
    gap = mapping_at(result, "gap") or mapping_at(result, "diagnosis", "gap")
    if not gap:
        return OPEN, "no score on training rows is on record"
    diagnosis = result.get("diagnosis")
    first = diagnosis[0] if isinstance(diagnosis, list) and diagnosis else diagnosis
    title = str(first.get("title") or first.get("code") or "") if isinstance(first, Mapping) else str(first or "")
    return DONE, f"both are in 'Diagnosis'{': ' + title if title else ''}"


def tuned(result: Result) -> Said:
    """Which trials were planned."""
    plan = result.get("plan")
    rows = (plan.get("trials") or plan.get("steps") or []) if isinstance(plan, Mapping) else plan or []
    if not rows:
        return OPEN, "no plan is on record"
    limit = estimate(mapping_at(result, "budget").get("limit_s"))[0]
    within = f" within {duration(limit)}" if limit else ""
    return DONE, f"{plural(len(rows), 'trial')} planned beforehand{within}, each with its settings"


def errors(evaluations: Evaluations) -> Said:
    """Where single mistakes can be looked at, which only a person can tick."""
    document = evaluations.get("validation") or {}
    confusion = document.get("confusion") or {}
    if confusion.get("examples"):
        return OPEN, "the rows behind each kind of mistake open in 'Where it errs': look at some of them"
    if document.get("residuals"):
        return OPEN, "the largest errors are drawn in 'Where it errs': look at some of them"
    return OPEN, "no mistakes are on record"


def _requirements(result: Result) -> Mapping[str, Any]:
    return mapping_at(result, "settings", "requirements")


def functional(result: Result) -> Said:
    """Which demands on figures were stated, and kept."""
    asked = [k for k in ("min_recall", "min_precision", "min_metric") if _requirements(result).get(k)]
    unmet = [str(text) for text in mapping_at(result, "requirements").get("unmet") or []]
    if unmet:
        return OPEN, f"not kept: {'; '.join(unmet)}"
    if asked:
        return DONE, f"kept: {', '.join(asked)}"
    return OPEN, "none is stated: requirements: min_recall, min_precision or min_metric"


def non_functional(result: Result) -> Said:
    """Whether speed and size were measured, and which limits were kept."""
    measured = [r for r in _board(result) if estimate(r.get("size_mb"))[0] is not None]
    if not measured:
        return OPEN, "speed and size were not measured"
    limits = [k for k in ("max_latency_ms", "max_size_mb", "max_memory_mb") if _requirements(result).get(k)]
    kept = f"; limits: {', '.join(limits)}" if limits else "; no limit was set"
    return DONE, f"speed, size, clarity and upkeep of {plural(len(measured), 'candidate')} are in the leaderboard{kept}"


def threshold(result: Result) -> Said:
    """By what the threshold was set."""
    value = estimate(result.get("threshold"))[0]
    if value is None:
        return NOT_APPLICABLE, "only two classes have a threshold"
    costs, needs = mapping_at(result, "problem", "costs"), _requirements(result)
    both = "false_positive" in costs and "false_negative" in costs
    if both or needs.get("min_recall") is not None or needs.get("min_precision") is not None:
        return DONE, f"{value:.3g}, by {'the costs stated' if both else 'the requirement stated'}"
    return OPEN, f"{value:.3g}, without knowing what errors cost: state problem: costs:, or requirements: min_recall"


def explained(result: Result) -> Said:
    """Whether the page for the person who decides lacks something."""
    missing = gaps(result)
    if missing:
        return OPEN, f"the page for the person who decides lacks: {'; '.join(question for question, _, _ in missing)}"
    return DONE, "see 'For the person who decides'"


def opened(result: Result) -> Said:
    """How often the sealed test was opened."""
    ledger = mapping_at(result, "ledger")
    k = ledger.get("k", ledger.get("opening"))
    if not isinstance(k, int):
        return OPEN, "the test was not opened"
    if k == 1:
        return DONE, "opened once, on the finished package"
    return OPEN, f"this was opening number {k} of the same test: its intervals are wider; seal new rows when you can"


def saved(result: Result) -> Said:
    """The package."""
    package = mapping_at(result, "package")
    sha = str(package.get("sha256") or "")
    return (DONE, f"one package, {sha[:12]}") if package.get("path") else (OPEN, "no package is on record")


def documented(result: Result) -> Said:
    """Report, model card and record."""
    if not result.get("run"):
        return OPEN, "no run is on record"
    return DONE, "this report, the model card and the record of the run"
