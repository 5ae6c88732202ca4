"""The result document of a run, and what a version row shows of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
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
from trainwright.training.iteration_view import iteration_documents
from trainwright.training.judge_try import Judged
from trainwright.training.leaderboard import told_leaderboard
from trainwright.training.outcome import Outcome
from trainwright.training.present import with_present
from trainwright.training.rare_class import rare_class
from trainwright.training.recalibrate import imbalance_document
from trainwright.training.record import environment_record
from trainwright.training.requirements_kept import requirements_document
from trainwright.training.shape import Shaped
from trainwright.training.shown_values import columns_to_show, shown_values
from trainwright.training.simple import simple_model
from trainwright.training.understand import advised
from trainwright.training.understood import table_notes
from trainwright.training.weak_columns import selection_document
from trainwright.training.work_done import budget_document, trials_document

if TYPE_CHECKING:
    from trainwright.training.material import Material

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

    @cached_property
    def environment(self) -> dict[str, Any]:
        """Code, packages and hardware; see `record.environment_record`."""
        return environment_record(self.material.work.threads, self.material.work.jobs)


def result_document(facts: Facts, version: str | None) -> dict[str, Any]:
    """The document that `train --json` prints and the report is made from."""
    m, outcome = facts.material, facts.outcome
    summary = m.split_row.summary or m.split.summary()
    settings = m.options.settings
    rehearsal = settings.training.sample is not None
    several = ensemble_document(outcome, m.work, m.task, m.plan.reasons)
    imbalance = _imbalance(facts)
    rebalanced = [] if imbalance is None else [{"code": "rebalanced", "message": imbalance["note"], "columns": []}]
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
        "leaderboard": with_gain(with_present(told_leaderboard(outcome, m.metric), facts.present, m.metric), several),
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
        "imbalance": imbalance,
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
        "plan": trials_document(facts),
        "budget": budget_document(facts),
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
        "notes": [*_table_notes(m), *rebalanced],
        "problem": settings.problem.model_dump(mode="json", exclude_defaults=True),
        "requirements": requirements_document(facts),
        "search": m.searched,
        "incremental": incremental_document(
            m, outcome, facts.compared, facts.test, project=facts.project, started=facts.started
        ),
        "comments": m.run.comments,
        "settings": settings.model_dump(mode="json", exclude_defaults=True),
        "origins": settings.origins,
        "versions": facts.environment["packages"],
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


def _imbalance(facts: Facts) -> dict[str, Any] | None:
    """What was rebalanced, with the rows of each class before and after; None when nothing was."""
    outcome, oof = facts.outcome, facts.outcome.oof
    rebalance = facts.material.work.rebalance
    return imbalance_document(rebalance, outcome.trials, oof.y, outcome.prediction, oof.weight)


def _table_notes(m: Material) -> list[dict[str, Any]]:
    """What this run's settings made of the table; an earlier run on the same rows may have been told other things."""
    stored: list[dict[str, Any]] = m.data.notes or []
    understood = table_notes(m.split_row)
    if understood is None:
        return stored
    return [*understood, *(n for n in stored if n.get("code") == "corrected_labels" and n not in understood)]


def _selection(facts: Facts) -> dict[str, Any] | None:
    """Which columns were left out as weak, and in how many folds; None when that was not asked for."""
    m = facts.material
    asked = m.options.settings.training.select_features
    return selection_document(asked, facts.outcome.trials, m.layout.names)


def _figures(document: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if document is None else document["metrics"]


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


def _hardware(facts: Facts) -> dict[str, Any]:
    record = facts.environment
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
