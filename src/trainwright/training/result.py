"""The result document of a run, its reproducibility record, and what a version row shows."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from trainwright.evaluate.diagnosis import Diagnosis
from trainwright.evaluate.text import verdict
from trainwright.evaluate.worth import worth
from trainwright.packages.manifest import Manifest
from trainwright.store.files import Published
from trainwright.training.deployed import shown_decision
from trainwright.training.ensemble_gain import ensemble_document, with_gain
from trainwright.training.explanations import mark_suspected
from trainwright.training.guarded import guarded
from trainwright.training.incremental_result import incremental_document
from trainwright.training.iteration_view import iteration_documents, record_of_predictions
from trainwright.training.judge_try import Judged
from trainwright.training.outcome import NO_TIME_LEFT, Outcome, leaderboard
from trainwright.training.present import with_present
from trainwright.training.rare_class import rare_class
from trainwright.training.recalibrate import imbalance_document
from trainwright.training.record import environment_record, metric_definitions, peak_memory_mb
from trainwright.training.shape import Shaped
from trainwright.training.shown_values import columns_to_show, shown_values
from trainwright.training.simple import simple_model
from trainwright.training.understand import advised
from trainwright.training.weak_columns import selection_document

if TYPE_CHECKING:
    from trainwright.training.run import Material

# Columns and rows of the examples that the report can open behind a confusion cell.
EXAMPLE_COLUMNS = 14
EXAMPLE_ROWS = 600


@dataclass(frozen=True)
class Facts:
    """Everything a finished run knows; the documents are made from it."""

    material: Material
    outcome: Outcome
    validation: dict[str, Any]
    test: dict[str, Any] | None
    package: Published
    manifest: Manifest
    shaped: Shaped
    diagnosis: Diagnosis
    importance: dict[str, Any] | None
    suspected: dict[str, Any]
    findings: list[dict[str, Any]]
    checks: list[dict[str, Any]]
    project: str
    clock: dict[str, float]
    started: float
    present: dict[str, Any] | None = None
    decided: dict[str, Any] | None = None
    explained: dict[str, Any] = field(default_factory=dict)
    understood: dict[str, Any] = field(default_factory=dict)
    interval: dict[str, Any] | None = None
    held_out: Published | None = None
    judged: Judged | None = None
    compared: dict[str, Any] | None = None
    log: list[dict[str, Any]] = field(default_factory=list)


def result_document(facts: Facts, version: str | None) -> dict[str, Any]:
    """The document that `train --json` prints and the report is made from."""
    m, outcome = facts.material, facts.outcome
    summary = m.split_row.summary or m.split.summary()
    settings = m.options.settings
    rehearsal = settings.training.sample is not None
    several = ensemble_document(outcome, m.work, m.task, m.plan.reasons)
    document = {
        "project": facts.project,
        "version": version,
        "run": m.run.id,
        "rehearsal": rehearsal,
        "task": m.task.name,
        "metric": m.metric.name,
        "target": m.target.to_json(),
        "n_rows": summary["n_rows"],
        "findings": facts.findings,
        "checks": facts.checks,
        "suspected_labels": facts.suspected,
        "leaderboard": with_gain(_leaderboard(facts), several),
        "ensemble": several,
        "selection": _selection(facts),
        "selected": outcome.choice.selected,
        "weights": outcome.weights,
        "validation": _figures(facts.validation),
        "expected": facts.validation.get("expected"),
        "test": _figures(facts.test),
        "threshold": None if outcome.threshold is None else outcome.threshold.to_json(),
        "calibration": outcome.calibration.to_json(),
        "interval": facts.interval,
        "reliability": facts.validation.get("reliability"),
        "diagnosis": {k: v for k, v in facts.diagnosis.to_json().items() if k != "gap"},
        "gap": facts.diagnosis.gap.to_json(),
        "imbalance": _imbalance(facts),
        **facts.understood,
        "rare_class": guarded(lambda: rare_class(outcome, m.work, m.target)),
        "comparison": _comparison(outcome),
        "present_process": _present(facts),
        "operating_point": shown_decision(facts.decided, facts.project, version),
        "simple_model": simple_model(m, outcome),
        "importance": facts.importance,
        **mark_suspected(facts.explained, facts.suspected),
        "ledger": None if facts.test is None else facts.test["opening"],
        "split": _split(summary),
        "plan": _plan(facts),
        "budget": _budget(facts),
        "package": {
            "path": str(facts.package.path),
            "size_mb": facts.shaped.weighed.size_mb,
            "latency_ms": facts.shaped.weighed.latency_ms,
            "sha256": facts.manifest.sha,
            "shape": facts.shaped.name,
            "copies": facts.shaped.copies,
            "reason": facts.shaped.reason,
        },
        "source": m.data.source,
        "data_version": m.data.sha,
        "dataset": f"d{m.data.number}",
        "seed": m.options.seed,
        "threads": m.work.threads,
        "notes": [*_table_notes(m), *_imbalance_notes(facts)],
        "problem": settings.problem.model_dump(mode="json", exclude_defaults=True),
        "requirements": _requirements(facts),
        "search": m.searched,
        "incremental": incremental_document(
            m, outcome, facts.compared, facts.test, project=facts.project, started=facts.started
        ),
        "comments": m.run.comments,
        "settings": settings.model_dump(mode="json", exclude_defaults=True),
        "origins": settings.origins,
        "versions": environment_record(m.work.threads, m.work.jobs)["packages"],
        "hardware": _hardware(facts),
        "examples": _examples(facts),
        "written": time.strftime("%Y-%m-%d %H:%M:%S"),
        "wall_s": time.time() - facts.started,
        "report": None,
    }
    document["verdict"] = verdict_sentence(document)
    document["diagnosis"]["remedies"] = advised(document)
    document["worth"] = guarded(lambda: worth(document))
    document |= iteration_documents(document, facts.judged, facts.log, facts.validation)
    return document


def verdict_sentence(document: dict[str, Any]) -> str:
    """The one sentence that the training comes down to."""
    return str(verdict(document))


def headline(facts: Facts) -> dict[str, Any]:
    """The figures a list of versions shows."""
    return {
        "metric": facts.material.metric.name,
        "validation": _figures(facts.validation),
        "test": _figures(facts.test),
    }


def version_details(facts: Facts) -> dict[str, Any]:
    """What a list of versions shows beside the figures."""
    return {
        "selected": facts.outcome.choice.selected,
        "weights": facts.outcome.weights,
        "shape": facts.shaped.name,
        "size_mb": facts.shaped.weighed.size_mb,
        "latency_ms": facts.shaped.weighed.latency_ms,
        "duration_s": time.time() - facts.started,
        "dataset": f"d{facts.material.data.number}",
        "settings": facts.material.options.settings.model_dump(mode="json", exclude_defaults=True),
        "base_model": _base(facts),
    }


def _base(facts: Facts) -> str | None:
    """The version that this one learned on from, such as "adult@v3"; None when it was trained in full."""
    continuing = facts.material.work.continuing
    return None if continuing is None else continuing.label


def record(facts: Facts) -> dict[str, Any]:
    """The reproducibility record (code, data, split, seed, settings, metrics, hardware, packages, time, artifact)."""
    m = facts.material
    return {
        **(m.run.record or {}),
        "data": {
            "version": m.data.sha,
            "number": m.data.number,
            "split": m.split.summary()["rule"],
            "split_sha": ((m.split_row.artifacts or {}).get("split") or {}).get("sha"),
            "trained_on": facts.manifest.data_version,
        },
        "seed": m.options.seed,
        "settings": m.options.settings.to_json(),
        "metric": m.metric.name,
        "metrics": metric_definitions(m.task.metrics),
        "environment": environment_record(m.work.threads, m.work.jobs),
        "peak_memory_mb": peak_memory_mb(),
        "times": {name: value - facts.started for name, value in facts.clock.items()},
        "package": facts.manifest.sha,
        **record_of_predictions(facts.held_out, facts.judged),
        "trials": {
            trial.name: [
                {
                    "fold": i,
                    "iterations": fit.estimator.iterations,
                    "derived": fit.estimator.derived,
                    "rows": fit.n_train,
                    "rebalanced": fit.rebalanced,
                }
                for i, fit in sorted(trial.fits.items())
            ]
            for trial in facts.outcome.trials
        },
    }


def _imbalance(facts: Facts) -> dict[str, Any] | None:
    """What was rebalanced, with the rows of each class before and after; None when nothing was."""
    outcome, oof = facts.outcome, facts.outcome.oof
    rebalance = facts.material.work.rebalance
    return imbalance_document(rebalance, outcome.trials, oof.y, outcome.prediction, oof.weight)


def _table_notes(m: Material) -> list[dict[str, Any]]:
    """What this run's settings made of the table; an earlier run on the same rows may have been told other things."""
    stored: list[dict[str, Any]] = m.data.notes or []
    understood: list[dict[str, Any]] | None = (m.split_row.summary or {})["understood"].get("notes")
    if understood is None:
        return stored
    return [*understood, *(n for n in stored if n.get("code") == "corrected_labels" and n not in understood)]


def _imbalance_notes(facts: Facts) -> list[dict[str, Any]]:
    found = _imbalance(facts)
    return [] if found is None else [{"code": "rebalanced", "message": found["note"], "columns": []}]


def _selection(facts: Facts) -> dict[str, Any] | None:
    """Which columns were left out as weak, and in how many folds; None when that was not asked for."""
    m = facts.material
    asked = m.options.settings.training.select_features
    return selection_document(asked, facts.outcome.trials, m.layout.names)


def _figures(document: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else document["metrics"]


def _leaderboard(facts: Facts) -> list[dict[str, Any]]:
    """The leaderboard with the run's metric as the spread and the fold scores that figures draw."""
    name = facts.material.metric.name
    rows = []
    for row in leaderboard(facts.outcome):
        row = dict(row)
        folds, training = row.pop("folds"), row.pop("training_folds")
        row["std"] = row["std"][name]
        row["baseline"] = row["role"] == "baseline"
        row["fold_scores"] = folds[name]
        row["train_metrics"] = row.pop("training")
        row["train_fold_scores"] = training.get(name, [])
        rows.append(row)
    return with_present(rows, facts.present, facts.material.metric)


def _split(summary: dict[str, Any]) -> dict[str, Any]:
    """The split's summary, with the share of each class as rows."""
    split = {key: value for key, value in summary.items() if key != "class_shares"}
    shares = summary.get("class_shares") or {}
    return {**split, "classes": [{"class": name, "development": share} for name, share in shares.items()]}


def _comparison(outcome: Outcome) -> dict[str, Any]:
    choice = outcome.choice
    rows = [row for verdict in choice.verdicts.values() for row in verdict.get("comparisons", [])]
    reason, optimism = choice.reason, outcome.optimism
    if optimism is not None:
        reason += (
            f"; having been chosen among {optimism.candidates} on these rows flatters its figure by about "
            f"{optimism.bias:.2g} (the whole choice repeated on {optimism.repeats} bootstrap samples)"
        )
    return {
        "beats_baselines": choice.beats_baseline,
        "best": choice.best,
        "simplest": choice.simplest,
        "selected": choice.selected,
        "reason": reason,
        "optimism": None if optimism is None else optimism.to_json(),
        "rows": rows,
        "correction": "Holm over all comparisons",
    }


def _present(facts: Facts) -> dict[str, Any] | None:
    """The present process on out-of-fold rows and, where the test part has its column, on the sealed test."""
    test = (facts.test or {}).get("present_process")
    return None if facts.present is None else {**facts.present, "test": test}


def _plan(facts: Facts) -> dict[str, Any]:
    m, outcome = facts.material, facts.outcome
    done = {trial.name: trial for trial in outcome.trials}
    trials = []
    for step in m.plan.steps:
        trial = done.get(step.name)
        counts = [f.estimator.iterations for f in trial.fits.values() if f.estimator.iterations] if trial else []
        trials.append(
            {
                "name": step.name,
                "family": step.family,
                "settings": trial.step.settings if trial else step.settings,
                "folds": len(trial.fits) if trial else 0,
                "iterations": sorted(counts)[len(counts) // 2] if counts else None,
                "seconds": sum(fit.fit_s for fit in trial.fits.values()) if trial else None,
                "state": "finished" if trial else outcome.unfinished.get(step.name, "not run"),
                "reason": step.reason,
            }
        )
    return {"trials": trials, "reasons": list(m.plan.reasons)}


def _budget(facts: Facts) -> dict[str, Any]:
    names = list(facts.clock)
    ends = [*list(facts.clock.values())[1:], time.time()]
    stages = {"reading and checks": facts.clock["start"] - facts.started}
    words = {"start": "loading", "training": "training", "choosing": "choosing and packaging"}
    words["understanding"] = "more rows and other seeds"
    words["package"] = "sealed test and importance"
    for name, end in zip(names, ends):
        stages[words.get(name, name)] = end - facts.clock[name]
    shortened = [f"{name}: {why}" for name, why in facts.outcome.unfinished.items() if why != NO_TIME_LEFT]
    shortened += [r for r in facts.material.plan.reasons if "instead of" in r or "left out" in r or "too short" in r]
    shortened += [trial.shortened for trial in facts.outcome.trials if trial.shortened]
    left = (facts.importance or {}).get("left_out") or []
    if left:
        shortened.append(f"importance was not measured for {len(left)} columns")
    return {"limit_s": facts.material.options.limit, "stages": stages, "shortened": shortened}


def _requirements(facts: Facts) -> dict[str, Any]:
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


def _hardware(facts: Facts) -> dict[str, Any]:
    record = environment_record(facts.material.work.threads, facts.material.work.jobs)
    return {key: record[key] for key in ("processor", "cores", "memory_gb", "platform", "python")}


def _examples(facts: Facts) -> dict[str, Any] | None:
    """The values of the development rows that stand behind confusion cells."""
    cells = (facts.validation.get("confusion") or {}).get("examples") or {}
    wanted = sorted({int(row) for rows in cells.values() for row in rows})[:EXAMPLE_ROWS]
    if not wanted:
        return None
    m = facts.material
    names = [*columns_to_show(m, facts.importance, EXAMPLE_COLUMNS), m.target.column]
    values = shown_values(m, names, np.searchsorted(m.work.dataset.rows, wanted))
    return {"columns": names, "rows": {str(row): shown for row, shown in zip(wanted, values)}}
