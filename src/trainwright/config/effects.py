"""Says which given keys change nothing for the families that are trained: silence would be taken for
effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trainwright.config.keys import extra
from trainwright.config.known import NEURAL, TABULAR_NET, TEXT_FAMILIES, canonical_family, family_spec
from trainwright.config.neural import network_asked
from trainwright.config.settings import Settings
from trainwright.config.training import TrainingSettings


def effects(settings: Settings, families: Iterable[str] = (), *, texts: bool = False) -> list[str]:
    """A note for each given key, or group of keys, without effect.

    Args:
        settings: of the run.
        families: the families that are trained, in our own names; empty when the plan has not chosen yet.
        texts: the table is about texts, so that the plan may choose networks over them, and none over columns.

    Example:
        >>> from trainwright.config.source import load_settings
        >>> effects(load_settings(text="epochs: 20"), ["lightgbm"])
        ['epochs (line 1) concerns neural networks only; none is trained, so it changes nothing']
    """
    families = tuple(families)
    return [
        *_neural(settings, families, texts),
        *_families(settings, families),
        *_network(settings),
        *_split(settings),
    ]


def _neural(settings: Settings, families: tuple[str, ...], texts: bool) -> Iterator[str]:
    """Keys of networks that no family which is trained has a setting for."""
    families = families or (TEXT_FAMILIES if texts else ())
    nets = [name for name in families if name in (*TEXT_FAMILIES, TABULAR_NET, NEURAL)]
    if NEURAL not in nets and (_asked(settings) or (not families and network_asked(settings))):
        nets.append(NEURAL)
    names = [name for name, field in TrainingSettings.model_fields.items() if extra(field, "concerns") == "neural"]
    read = {setting.name for name in nets for setting in family_spec(name).settings}
    given = [name for name in names if name not in read and _by_hand(settings, f"training.{name}")]
    rate = "training.learning_rate"
    if TABULAR_NET in nets and settings.training.learning_rate == "auto" and _by_hand(settings, rate):
        where = f"learning_rate: auto ({settings.origin(rate)}) changes nothing for {TABULAR_NET}"
        yield f"{where}, which takes the rate of its own recipe; a number changes it"
    if not given:
        return
    words = _list([f"{name} ({settings.origin(f'training.{name}')})" for name in given])
    they = ("concern", "they change") if len(given) > 1 else ("concerns", "it changes")
    if nets:
        has = "have" if len(nets) > 1 else "has"
        yield f"{words}: {_list(nets)} {has} no such setting, so {they[1]} nothing"
    else:
        yield f"{words} {they[0]} neural networks only; none is trained, so {they[1]} nothing"


def _families(settings: Settings, families: tuple[str, ...]) -> Iterator[str]:
    if not families:
        return
    for name in settings.training.family_settings:
        if canonical_family(name) not in families and _by_hand(settings, "training.family_settings"):
            origin = settings.origin("training.family_settings")
            yield f"family_settings of {name} ({origin}): the family is not trained, so they change nothing"


def _network(settings: Settings) -> Iterator[str]:
    """Keys of a network that another key switches off; said only when a network is asked for."""
    if not _asked(settings):
        return
    training = settings.training
    rules = (
        ("step_size", training.scheduler == "step", "only scheduler: step reads it"),
        ("gamma", training.scheduler in ("step", "plateau"), "only scheduler: step and plateau read it"),
        (
            "momentum",
            training.optimizer in ("sgd", "momentum", "nesterov", "rmsprop"),
            "only sgd, momentum, nesterov and rmsprop read it",
        ),
        ("patience", training.early_stopping is not False, "early_stopping is false"),
        ("min_delta", training.early_stopping is not False, "early_stopping is false"),
        ("checkpoint_interval", training.save_checkpoint is not False, "save_checkpoint is false"),
    )
    for name, used, why in rules:
        if not used and _by_hand(settings, f"training.{name}"):
            yield f"{name} ({settings.origin(f'training.{name}')}) changes nothing: {why}"


def _split(settings: Settings) -> Iterator[str]:
    data = settings.data
    rules: tuple[tuple[str, bool, str], ...] = (
        (
            "validation_split",
            data.folds is None,
            "folds are given, which use every row for validation in turn",
        ),
        ("shuffle", data.time is None, "rows are split by time"),
        ("repeats", data.time is None, "folds in time cannot be drawn anew"),
        ("test_size", data.test_from is None, "test_from says where the test part begins"),
        ("stratify", data.time is None, "rows are split by time"),
    )
    if data.split_column is not None:
        why = f"the column {data.split_column!r} says which row is in which part"
        names = ("test_size", "validation_split", "train_size", "stratify", "shuffle", "random_state")
        rules = tuple((name, False, why) for name in names)
    for name, used, why in rules:
        if not used and _by_hand(settings, f"data.{name}"):
            yield f"{name} ({settings.origin(f'data.{name}')}) changes nothing: {why}"


def _asked(settings: Settings) -> bool:
    training = settings.training
    names = (*(training.families or ()), training.model_type or "")
    return any(name not in ("", "auto") and canonical_family(name) == NEURAL for name in names)


def _by_hand(settings: Settings, name: str) -> bool:
    return settings.given(name) and not settings.origin(name).startswith("preset ")


def _list(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
