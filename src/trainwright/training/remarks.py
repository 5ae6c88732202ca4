"""What the settings of a run deserve to hear before it starts: keys that change nothing, metrics that mislead."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from trainwright.config.effects import effects
from trainwright.config.known import canonical_family
from trainwright.config.resolve import resolve_families, resolve_family_settings, resolve_metric
from trainwright.config.settings import Settings
from trainwright.data.infer import encode_target
from trainwright.data.notes import Note
from trainwright.data.schema import Kind, Schema, Target
from trainwright.models.families import families
from trainwright.models.meaning import instead_of, why_without_meaning
from trainwright.training.portfolio_text import mostly_texts

# Share of the largest class from which accuracy hides more than it says.
IMBALANCED = 0.8


def remarks(settings: Settings, target: Target, labels: pl.Series, schema: Schema | None = None) -> list[Note]:
    """What the settings deserve to hear: keys without effect, a metric that hides rare classes, one that costs suggest.

    Args:
        settings: of the run.
        target: what is predicted.
        labels: of the development rows.
        schema: which columns are features, where it is known.

    Example:
        >>> settings = Settings.model_validate({"training": {"metric": "accuracy"}})
        >>> target = Target("y", "classes", ("no", "yes"), positive="yes")
        >>> remarks(settings, target, pl.Series(["no"] * 95 + ["yes"] * 5))[0].code
        'accuracy_of_rare_classes'
    """
    named = resolve_families(settings) or ()
    texts = schema is not None and about_texts(schema)
    words_of = (*effects(settings, named, texts=texts), *_without_meaning(settings, target))
    found = [Note("without_effect", words) for words in words_of]
    for key in ("training.interval", "requirements.review_width"):
        if target.task == "classes" and settings.given(key):
            words = f"{key} ({settings.origin(key)}) changes nothing: it is for targets that are numbers"
            found.append(Note("without_effect", words))
    if target.task != "classes":
        return found
    metric, costs = resolve_metric(settings), settings.problem.costs
    counts = np.unique(encode_target(labels, target), return_counts=True)[1]
    share = float(counts.max() / counts.sum())
    if metric == "accuracy" and share >= IMBALANCED:
        words = (
            f"accuracy is asked for, but {share:.0%} of the rows are of one class: predicting it always scores as "
            "much; average_precision, balanced_accuracy or f1 say more"
        )
        found.append(Note("accuracy_of_rare_classes", words, (target.column,)))
    if metric is None and costs.false_positive and costs.false_negative and len(target.classes) == 2:
        ratio = costs.false_negative / costs.false_positive
        proposed = "average_precision" if ratio >= 1 else "precision_at_recall_80"
        words = (
            f"a missed {target.positive} costs {ratio:.3g} times a false alarm: the threshold follows these costs; "
            f"to choose the model by them as well, use --metric {proposed}"
        )
        found.append(Note("metric_for_costs", words, (target.column,)))
    return found


def about_texts(schema: Schema) -> bool:
    """Whether texts are the only features, or nearly: the plan then has networks over them."""
    n_texts = sum(column.kind is Kind.TEXT for column in schema.features)
    return mostly_texts(n_texts, len(schema.features) - n_texts)


def _without_meaning(settings: Settings, target: Target) -> Iterator[str]:
    """Settings of single families that are not read for this target, or not beside what else was given."""
    origin = settings.origin("training.family_settings")
    given = resolve_family_settings(settings)  # what else is read may be given as a key of the block
    for name, values in settings.training.family_settings.items():
        spec = families()[canonical_family(name)]
        others = {key: [value] for key, value in given[spec.name].items()}
        for setting in values:
            why = why_without_meaning(spec, setting, target.task, others)
            if why:
                remedy = instead_of(spec, setting, target.task)
                yield f"{spec.name}.{setting} ({origin}) changes nothing: {why}; {remedy}"
