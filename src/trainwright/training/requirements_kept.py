"""The result document's `requirements`: which of them the chosen candidate does not keep, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainwright.training.result import Facts


def requirements_document(facts: Facts) -> dict[str, Any]:
    """What is not kept of what was required, after packaging and the sealed test; and what each candidate failed."""
    choice, needs = facts.outcome.choice, facts.material.options.requirements
    unmet = list(choice.unmet)
    for name, limit, value, unit in (
        ("max_latency_ms", needs.max_latency_ms, facts.shaped.weighed.latency_ms, "ms for one row"),
        ("max_size_mb", needs.max_size_mb, facts.shaped.weighed.size_mb, "MB"),
    ):
        if limit is not None and value > limit and not any(words.startswith(name) for words in unmet):
            unmet.append(f"{name}: {value:.3g} {unit}, {value - limit:.3g} more than the {limit:g} allowed")
    memory, limit = (facts.test or {}).get("peak_memory_mb"), needs.max_memory_mb
    if limit is not None and memory is not None and memory > limit:
        unmet.append(f"max_memory_mb: {memory:.0f} MB to load and predict, {memory - limit:.0f} more than {limit:g}")
    elif limit is not None and memory is None:
        unmet.append("max_memory_mb: not measured, because there is no sealed test to predict in a fresh process")
    unmet += _unmet_metrics(facts)
    threshold = facts.outcome.threshold
    if threshold is not None and not threshold.met:
        unmet.append(threshold.reason)
    return {"unmet": unmet, "failures": choice.failures}


def _unmet_metrics(facts: Facts) -> list[str]:
    """The figures that `requirements.min_metric` asks for and validation does not reach."""
    m, out = facts.material, []
    for name, limit in m.options.settings.requirements.min_metric.items():
        metric = m.task.metric(name)
        value = (facts.validation["metrics"].get(metric.name) or {}).get("value")
        if value is None or (value < limit if metric.greater_is_better else value > limit):
            shown = "not defined" if value is None else f"{value:.4g}, {abs(value - limit):.3g} short of"
            out.append(f"min_metric {metric.name}: {shown} the {limit:g} required")
    return out
