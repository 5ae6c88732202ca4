"""Turns what pydantic found wrong into one message: the line, the key, what is allowed, what was found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from trainwright.config.given import Given
from trainwright.config.known import canonical_family, check_family_settings, check_metric
from trainwright.config.places import field_of
from trainwright.config.settings import Settings
from trainwright.config.words import allowed, choices, value_field
from trainwright.errors import UserError


def explain(error: ValidationError, given: Mapping[str, Given]) -> UserError:
    """The error as a message about the first wrong key, with the places of the others.

    Args:
        error: what pydantic found.
        given: the values by full key, with their origins.
    """
    problems: dict[str, UserError] = {}
    for item in error.errors(include_url=False):
        name = _key_of(item["loc"])
        if name not in problems:
            problems[name] = _one(name, item, given)
    ordered = sorted(problems, key=lambda name: _order(given.get(name)))
    first = problems[ordered[0]]
    others = [f"{given[n].origin} ({n.rpartition('.')[2]})" if n in given else n for n in ordered[1:]]
    if not others:
        return first
    return UserError(f"{first}; also wrong: {', '.join(others)}")


def check_names(settings: Settings, given: Mapping[str, Given]) -> None:
    """Checks what the model of the settings cannot know: families, their settings, metrics.

    Raises:
        UserError: with the place of the wrong name or value.
    """
    training = settings.training
    nothing = Given(None, "", "")
    if training.model_type not in (None, "auto"):
        with _placed(given.get("training.model_type", nothing)):
            canonical_family(str(training.model_type))
    for position, family in enumerate(training.families or ()):
        with _placed(given.get("training.families", nothing).inside([position])):
            canonical_family(family)
    for position, family in enumerate(settings.search.families or ()):
        with _placed(given.get("search.families", nothing).inside([position])):
            canonical_family(family)
    for family, values in training.family_settings.items():
        at = given.get("training.family_settings", nothing)
        with _placed(at.inside([family])):
            canonical_family(family)
        for name, value in values.items():
            with _placed(at.inside([family, name])):
                check_family_settings(family, {name: value})
    if training.metric not in (None, "auto"):
        with _placed(given.get("training.metric", nothing)):
            check_metric(str(training.metric))
    for metric in settings.problem.present_process.metrics:
        with _placed(given.get("problem.present_process.metrics", nothing).inside([metric])):
            check_metric(metric)


@contextmanager
def _placed(given: Given) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        where = f"{given.origin}: " if given.origin else ""
        raise UserError(f"{where}{error.problem}", remedy=error.remedy) from None


def _key_of(location: tuple[int | str, ...]) -> str:
    """The longest part of pydantic's path that is a key of ours; the rest are branches of unions and
    positions.
    """
    name = ""
    for part in location:
        longer = f"{name}.{part}" if name else str(part)
        if field_of(longer) is None:
            break
        name = longer
    return name


def _order(given: Given | None) -> tuple[int, int]:
    if given is None:
        return (2, 0)
    line = re.search(r"line (\d+)$", given.origin)
    return (0, int(line[1])) if line else (1, 0)


def _one(name: str, item: Mapping[str, Any], given: Mapping[str, Given]) -> UserError:
    key = name.rpartition(".")[2]
    own = str(item.get("ctx", {}).get("error", ""))
    at = given.get(name)
    if at is None:  # a rule about several keys of a block: place it at those it names
        named = [n for n in given if n.startswith(f"{name}.") and re.search(rf"\b{n.rpartition('.')[2]}\b", own)]
        where = " and ".join(dict.fromkeys(given[n].origin for n in named))
        return UserError(f"{where}: {own}" if where else f"{name}: {own or item['msg']}")
    field = field_of(name)
    assert field is not None
    path = item["loc"][name.count(".") + 1 :]
    if isinstance(at.value, dict) and path and path[0] in at.value:
        at, key = at.inside(path), f"{key} of {path[0]!r}"
        field = value_field(field)
    if own and not own.startswith(("must ", "a span", "'")) and " is not a span" not in own:
        return UserError(f"{at.origin}: {own}")
    if own.startswith("must "):
        return UserError(f"{at.origin}: {key} {own}")
    near = get_close_matches(str(at.value).lower(), choices(field), n=1)
    return UserError(
        f"{at.origin}: {key} must be {allowed(field)}, got {at.shown!r}",
        remedy=f"did you mean {near[0]!r}?" if near else None,
    )
