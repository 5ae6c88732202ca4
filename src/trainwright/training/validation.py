"""The evaluation document of the out-of-fold predictions, with what they let expect of the sealed test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainwright.evaluate.document import evaluate
from trainwright.evaluate.expected import expect
from trainwright.evaluate.scores import make_resampler
from trainwright.training.calibrate import reliability_document
from trainwright.training.guarded import guarded
from trainwright.training.outcome import Outcome

if TYPE_CHECKING:
    from trainwright.training.material import Material


def validation_document(material: Material, outcome: Outcome) -> dict[str, Any]:
    """The evaluation document of the out-of-fold predictions; the figure that was chosen by is corrected for that."""
    oof, data = outcome.oof, material.work.dataset
    document = evaluate(
        material.target,
        oof.y,
        outcome.prediction,
        part="validation",
        rows=data.rows[oof.positions],
        metric=material.metric.name if material.metric.kind != "user" else None,
        fold=oof.fold,
        group=oof.of(data.group),
        time=oof.of(data.time),
        cluster=oof.of(data.cluster),
        weight=oof.weight,
        threshold=outcome.cut,
        seed=material.options.seed,
        seconds=material.options.evaluation_seconds,
        extra=material.extra_metrics,
    )
    document["reliability"] = guarded(lambda: reliability_document(material, outcome))
    chosen = next(c for c in outcome.candidates if c.name == outcome.choice.selected)
    if outcome.optimism is not None and chosen.family != "baseline":  # a constant answer flatters nobody
        outcome.optimism.correct(document["metrics"].get(material.metric.name), material.metric)
    figure, sealed = document["metrics"].get(material.metric.name), _sealed_rows(material)
    if figure is not None and sealed and material.work.continuing is None:  # earlier rows are another mix there
        task = material.task.at(0.5 if outcome.threshold is None else outcome.threshold.value)
        units = make_resampler(
            task,
            oof.y,
            outcome.prediction,
            group=oof.of(data.group),
            cluster=oof.of(data.cluster),
            time=oof.of(data.time),
            seed=material.options.seed,
        ).units
        document["expected"] = expect(
            material.metric if material.metric.kind == "user" else task.metric(material.metric.name),
            figure,
            oof.y,
            outcome.prediction,
            units,
            sealed,
            fold=oof.fold,
            weight=oof.weight,
            seed=material.options.seed,
        ).to_json()
    return document


def _sealed_rows(material: Material) -> int:
    """Rows of the sealed test, as the split's summary counts them."""
    summary = material.split_row.summary or material.split.summary()
    return int((summary.get("n_rows") or {}).get("test") or 0)
