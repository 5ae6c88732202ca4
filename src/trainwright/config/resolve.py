"""Settles what the settings leave open, each answer with its reason; pure functions, so that all callers
agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainwright.config.known import (
    NEURAL,
    TABULAR_NET,
    TEXT_FAMILIES,
    canonical_family,
    check_metric,
    family_spec,
    networks_here,
)
from trainwright.config.search import SECONDS as SEARCH_SECONDS
from trainwright.config.settings import Settings
from trainwright.errors import EnvironmentProblem

DEFAULT_SHARE = 0.15
DEFAULT_TIME_LIMIT = 120.0


@dataclass(frozen=True)
class Choice:
    """A value and why it was chosen, in words for the user."""

    value: Any
    reason: str


@dataclass(frozen=True)
class SplitChoice:
    """What the settings say about the split.

    Args:
        rule: arguments of `data.split.SplitRule`, by name.
        shares: (train, validation, test) shares of all rows.
        reason: in words.
    """

    rule: dict[str, Any]
    shares: tuple[float, float, float]
    reason: str


def resolve_split(settings: Settings) -> SplitChoice:
    """The rule of the split.

    Every share is of all rows. What is not given is 0.15 for validation and for test, and the rest for
    training.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> resolve_split(load_settings(text="validation_split: 0.2")).shares
        (0.65, 0.2, 0.15)
    """
    data = settings.data
    train, validation, test, reason = _shares(settings)
    stratify = data.stratify
    columns = () if isinstance(stratify, bool) else tuple(c for c in stratify if c != data.target)
    # One fixed validation part only where somebody asked for it: folds use every row, and small data need
    # that.
    fixed = data.validation_split is not None or data.train_size is not None
    holdout = data.folds is None and (fixed or data.validation_from is not None)
    given = any(getattr(data, name) is not None for name in ("train_size", "validation_split", "test_size"))
    rule = {
        "test_size": test,
        "validation_size": validation,
        "folds": data.folds,
        "repeats": data.repeats,
        "stratify": stratify is not False,
        "strata": columns,
        "group": data.group,
        "time": data.time,
        "gap": data.gap,
        "cluster": data.cluster,
        "shuffle": data.shuffle,
        "seed": settings.training.seed if data.random_state is None else data.random_state,
        "split_column": data.split_column,
        "validation_from": _moment(data.validation_from),
        "test_from": _moment(data.test_from),
        "given_test": data.test_file is not None,
        "holdout": holdout,
    }
    if given:
        rule["most_rows"] = None  # shares that the user gave do not shrink for large tables
    return SplitChoice(rule, (train, validation, test), reason)


def _shares(settings: Settings) -> tuple[float, float, float, str]:
    data = settings.data
    train, validation, test = data.train_size, data.validation_split, data.test_size
    said = [
        f"{name} {value:g} ({settings.origin(f'data.{name}')})"
        for name, value in (("train_size", train), ("validation_split", validation), ("test_size", test))
        if value is not None
    ]
    if data.test_file is not None:
        test = 0.0
        said.append(f"the test part is {data.test_file}, so all other rows are for training and validation")
    if train is not None and validation is None and test is None:
        validation = test = (1 - train) / 2
    elif train is not None and validation is None and test is not None:
        validation = 1 - train - test
    elif train is not None and validation is not None and test is None:
        test = 1 - train - validation
    validation = DEFAULT_SHARE if validation is None else validation
    test = DEFAULT_SHARE if test is None else test
    train = 1 - validation - test
    shares = tuple(round(share, 6) for share in (train, validation, test))
    words = "/".join(f"{100 * share:.3g}" for share in shares)
    if not said:
        return (*shares, f"{words} is the default")  # type: ignore[return-value]
    rest = "" if len(said) > 1 else ", the rest by default"
    return (*shares, f"{words} of all rows: {', '.join(said)}{rest}")  # type: ignore[return-value]


def _moment(text: str | None) -> str | float | None:
    if text is None:
        return None
    try:
        return float(text)  # a row number, or a number on the scale of the time column
    except ValueError:
        return text


def resolve_time_limit(settings: Settings) -> Choice:
    """Seconds for the whole command."""
    if settings.training.time_limit is not None:
        return Choice(settings.training.time_limit, settings.origin("training.time_limit"))
    if settings.search.asked:
        seconds = DEFAULT_TIME_LIMIT + (settings.search.time_limit or SEARCH_SECONDS)
        return Choice(seconds, "no time limit given: that of the search, and two minutes for the training after it")
    return Choice(DEFAULT_TIME_LIMIT, "no time limit given: the plan is sized to two minutes")


def resolve_families(settings: Settings) -> tuple[str, ...] | None:
    """The families the plan may use, in our own names; None leaves the choice to the plan.

    Raises:
        EnvironmentProblem: neural networks are asked for and cannot be trained here.
    """
    found = named_families(settings)
    if not found:
        return None
    if {NEURAL, TABULAR_NET} & set(found) and not networks_here():
        key = "training.model_type" if settings.training.model_type not in (None, "auto") else "training.families"
        raise EnvironmentProblem(
            f"{settings.origin(key)} asks for a neural network, and the extra that trains them is not installed",
            remedy="pip install 'trainwright[neural]', or leave the key out to train models for tables",
        )
    return found


def named_families(settings: Settings) -> tuple[str, ...]:
    """The families that the user names, in our own names, whether or not they can be trained here; empty for none."""
    training = settings.training
    names = (training.model_type,) if training.model_type not in (None, "auto") else training.families or ()
    return tuple(dict.fromkeys(canonical_family(name) for name in names if name is not None))


def resolve_family_settings(settings: Settings) -> dict[str, dict[str, Any]]:
    """The settings of single families under the families' own names; keys of networks reach those that read them."""
    from trainwright.config.neural import network_settings

    found: dict[str, dict[str, Any]] = {}
    # The recipe of the table net stays as it is where the plan adds it beside a network that the keys describe.
    own_net = (TABULAR_NET,) if TABULAR_NET in named_families(settings) else ()
    for name in (*TEXT_FAMILIES, *own_net):
        if own := keys_of_family(settings, name):
            found[name] = own
    if own := network_settings(settings):
        found[NEURAL] = own
    for name, values in settings.training.family_settings.items():
        found.setdefault(canonical_family(name), {}).update(values)
    return found


def keys_of_family(settings: Settings, family: str) -> dict[str, Any]:
    """The keys of networks that were given by hand and are settings of the family.

    A preset's values are for networks that are described key by key: they reach neither what is fine-tuned nor the
    table net's own recipe.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> settings = load_settings(text="{epochs: 3, early_stopping: 2}")
        >>> keys_of_family(settings, "text_transformer")
        {'epochs': 3, 'early_stopping': True, 'patience': 2}
    """
    found: dict[str, Any] = {}
    for setting in family_spec(family).settings:
        origin = f"training.{setting.name}"
        value = getattr(settings.training, setting.name, None)
        if (family, value) == ("text_embedding", "none"):
            continue  # from scratch there is nothing to embed with
        # auto is a value of its own where the family takes it and does something else by default.
        left = value == "auto" and (setting.default == "auto" or "auto" not in setting.choices)
        if value is None or left or not settings.given(origin) or settings.origin(origin).startswith("preset "):
            continue
        if setting.name == "early_stopping" and type(value) is int:
            found |= {"early_stopping": True, "patience": value}
        else:
            found[setting.name] = value
    return found


def resolve_metric(settings: Settings) -> str | None:
    """The metric in our own spelling; None leaves it to the task."""
    metric = settings.training.metric
    return None if metric in (None, "auto") else check_metric(str(metric))


def hidden_columns(settings: Settings) -> tuple[str, ...]:
    """Columns that no model may see: those ignored, annotators' labels, today's decisions, those not known when a
    prediction is made."""
    data, today = settings.data, settings.problem.present_process.column
    hidden = (*data.ignore, *data.annotators, *settings.requirements.unavailable_at_prediction)
    return tuple(dict.fromkeys((*hidden, *(() if today is None else (today,)))))
