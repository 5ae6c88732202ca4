"""Probabilities learned on a sample with too many cases of one kind, corrected to how often it really happens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from trainwright.data.notes import listing
from trainwright.data.schema import Target
from trainwright.errors import UserError


def read_prevalence(target: Target, given: Any) -> tuple[float, ...]:
    """The true share of each class, in the order of the classes.

    Args:
        target: two or more classes.
        given: for two classes the share of the positive one (0.02 or "2%"); else `"crack=0.01,dent=0.04,none=0.95"` or
            such a mapping.

    Raises:
        UserError: a share outside 0 to 1, a class that is missing, shares whose sum is not 1.

    Example:
        >>> read_prevalence(Target("y", "classes", ("no", "yes"), positive="yes"), "2%")
        (0.98, 0.02)
    """
    names = target.classes
    if isinstance(given, str) and "=" in given:
        pairs = [word.rpartition("=") for word in given.replace(";", ",").split(",") if word.strip()]
        given = {name.strip(): value for name, _, value in pairs}
    if isinstance(given, Mapping):
        shares = {str(name): _share(value) for name, value in given.items()}
        unknown = [name for name in shares if name not in names]
        if unknown:
            raise UserError(
                f"prevalence: there is no class {listing(unknown)}; the classes are {', '.join(names[:20])}"
            )
        left = [name for name in names if name not in shares]
        if len(left) == 1:
            shares[left[0]] = 1 - sum(shares.values())
        elif left:
            raise UserError(
                f"prevalence: the classes {listing(left, 20)} are missing",
                remedy="give a share for every class but one",
            )
        if abs(sum(shares.values()) - 1) > 1e-6 or min(shares.values()) <= 0:
            said = ", ".join(f"{name}={shares[name]:.6g}" for name in list(names)[:20])
            rest = f" (what is left for {left[0]})" if left else ""
            raise UserError(f"prevalence: the shares must be above 0 and sum to 1, got {said}{rest}")
        return tuple(shares[name] for name in names)
    if len(names) != 2:
        raise UserError(
            f"prevalence: {target.column!r} has {len(names)} classes, and one share says nothing about them",
            remedy="give the share of each, such as --prevalence " + ",".join(f"{name}=0.1" for name in names[:3]),
        )
    share = _share(given)
    return (1 - share, share) if target.positive_index == 1 else (share, 1 - share)


def corrected(prediction: np.ndarray, learned: Sequence[float], true: Sequence[float]) -> np.ndarray:
    """(n, k) probabilities as they would be where the classes have their true shares.

    p'(c | x) is proportional to p(c | x) * true(c) / learned(c): Saerens, Latinne and Decaestecker 2002, equation 2.4;
    Elkan 2001, theorem 2. It holds where the cases of each class look the same in the sample and in the world.

    Args:
        prediction: (n, k) probabilities.
        learned: (k,) shares of the classes among the rows that the model learned from.
        true: (k,) shares in the world.

    Example:
        >>> corrected(np.array([[0.5, 0.5]]), (0.5, 0.5), (0.98, 0.02)).round(3).tolist()
        [[0.98, 0.02]]
    """
    scaled = prediction * (np.asarray(true) / np.asarray(learned))
    total = scaled.sum(1, keepdims=True)
    return np.divide(scaled, total, out=np.array(prediction, dtype=float), where=total > 0)


def _share(value: Any) -> float:
    try:
        number = float(str(value).strip()[:-1]) / 100 if str(value).strip().endswith("%") else float(value)
    except (TypeError, ValueError):
        raise UserError(f"prevalence must be a share such as 0.02 or 2%, got {value!r:.40}") from None
    if not 0 < number < 1:
        raise UserError(
            f"prevalence must lie between 0 and 1, got {number:g}",
            remedy="give the true share of the positive class, such as 0.02",
        )
    return number
