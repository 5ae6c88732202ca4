"""Language models that answer in 32 bits, as their exports do: the version itself may compute in fewer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trainwright.config.known import TEXT_FAMILIES
from trainwright.models.bagged import Bagged
from trainwright.packages.ensemble import Ensemble
from trainwright.packages.verify import Checked


def in_full(ensemble: Ensemble) -> bool:
    """Makes the language models of a loaded package compute in 32 bits; whether there are any.

    Example:
        >>> in_full(Ensemble(checked))  # doctest: +SKIP
        False
    """
    found = False
    for _, estimator in ensemble.members:
        for inner in _inside(estimator):
            if inner.spec.name in TEXT_FAMILIES and not inner.is_constant:
                inner.chosen = {**inner.chosen, "precision": "fp32"}
                found = True
    return found


def reads_tokens(checked: Checked) -> bool:
    """Whether a package holds a language model, for which texts are tokens."""
    return any(member.family in TEXT_FAMILIES for member in checked.manifest.members)


def _inside(estimator: Any) -> Iterator[Any]:
    """The models within wrappers."""
    if isinstance(estimator, Bagged):
        for model in estimator.models:
            yield from _inside(model)
    elif hasattr(estimator, "inner"):
        yield from _inside(estimator.inner)
    elif hasattr(estimator, "spec"):
        yield estimator
