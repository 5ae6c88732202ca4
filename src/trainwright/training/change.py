"""Settings of an earlier run with one thing changed: what `trainwright try` trains with."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from trainwright.config.changeable import why_fixed
from trainwright.config.explain import explain
from trainwright.config.flags import flags, parse_pairs
from trainwright.config.given import Given
from trainwright.config.keys import extra
from trainwright.config.known import NEURAL, TEXT_FAMILIES, canonical_family, family_spec
from trainwright.config.places import advice, field_of, full_name, is_block
from trainwright.config.settings import Settings
from trainwright.config.source import RIVALS, load_settings
from trainwright.config.together import check_together
from trainwright.errors import UserError
from trainwright.models.meaning import instead_of, why_without_meaning
from trainwright.training.setting_values import at, put, shown

FAMILY_SETTINGS = "training.family_settings"
ORIGIN = "--set"
DEFAULT = ("default", "null")


@dataclass(frozen=True)
class Change:
    """One setting that differs from the run it is compared with.

    Args:
        key: the full key; a family's setting is "training.family_settings.FAMILY.SETTING".
        old, new: plain data.
        origin: "--set", "preset NAME", or what it goes along with.
    """

    key: str
    old: Any
    new: Any
    origin: str = ORIGIN

    @property
    def words(self) -> str:
        """The change on one line.

        Example:
            >>> Change("training.class_weight", None, "balanced").words
            'training.class_weight: not given -> balanced'
        """
        return f"{self.key}: {shown(self.old)} -> {shown(self.new)}"

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"key": self.key, "old": self.old, "new": self.new, "origin": self.origin}


def changed(
    before: Settings, given: Mapping[str, Any], plan: Mapping[str, Any], task: str, *, together: bool = False
) -> tuple[Settings, tuple[Change, ...]]:
    """The settings of a run with what is given changed.

    Args:
        before: the settings of the run that the new one is compared with.
        given: new values by key, as text or as plain data; "default" takes a value back.
        plan: the plan document of that run: a family's setting must belong to one of its candidates.
        task: "classes" or "number".
        together: let several settings change at once.

    Returns:
        The new settings and every setting that differs.

    Raises:
        UserError: a key or value that there is not, a value that is there already, a setting that would change the
            rows or the split, one that changes nothing for this task, or several changes without `together`.
    """
    if not given:
        raise UserError("nothing is set", remedy="for example --set training.class_weight=balanced")
    old, merged, origins = before.to_json(), before.to_json(), before.origins
    changes: list[Change] = []
    written: dict[str, str] = {}
    for key, value in given.items():
        name = full_key(key)
        if name in written:
            raise UserError(
                f"{written[name]!r} and {key!r} are the same setting ({name})", remedy="give each setting one value"
            )
        written[name] = key
        reason = why_fixed(name)
        if reason is not None:
            raise UserError(reason[0], remedy=reason[1])
        family = name.removeprefix(f"{FAMILY_SETTINGS}.") if name.startswith(f"{FAMILY_SETTINGS}.") else None
        if family is not None:
            changes += _family(merged, family, value, plan)
            origins[FAMILY_SETTINGS] = ORIGIN
        else:
            changes += _plain(merged, old, name, value, plan, origins)
    if len(changes) > 1 and not together:
        listed = "; ".join(change.words for change in changes)
        several = f"{len(changes)} settings would change at once ({listed})"
        raise UserError(
            f"{several}: what made the difference could not be told",
            remedy="try one at a time, or say --together if they only make sense together",
        )
    for change in changes:
        _means_something(change, merged, plan, task)
    return _checked(merged, origins, changes), tuple(changes)


def full_key(key: str) -> str:
    """The full key of what the user wrote; a family's setting may be written FAMILY.SETTING."""
    name = full_name(key)
    if name == FAMILY_SETTINGS:
        raise UserError(
            "training.family_settings holds settings of several families",
            remedy="name one, for example --set catboost.depth=4",
        )
    if name is not None and not is_block(name):
        return name
    if name is not None:
        inside = "there are keys in it"
        raise UserError(f"{key!r} is a block of settings, not a setting: {inside}", remedy=advice("", name))
    block, dot, rest = key.partition(".")
    if not (dot and is_block(block)):
        block, rest = "", key
    family, dot, setting = rest.removeprefix("family_settings.").partition(".")
    if dot and setting and block in ("", "training"):
        return f"{FAMILY_SETTINGS}.{canonical_family(family)}.{setting}"
    raise UserError(f"there is no setting {key!r}", remedy=advice(rest, block or None))


def _plain(
    merged: dict[str, Any], old: dict[str, Any], name: str, value: Any, plan: Mapping[str, Any], origins: dict[str, str]
) -> list[Change]:
    """Puts a setting of a block into `merged`; the changes it makes, those of a preset among them."""
    field = field_of(name)
    assert field is not None
    if _without_effect(name, plan):
        raise UserError(
            f"{name} is read by neural networks alone, and none is among the candidates ({_listed(plan)})",
            remedy="`trainwright families show NAME` lists the settings of a family",
        )
    if isinstance(value, str) and value.lower() in DEFAULT:
        new = json.loads(json.dumps(field.get_default(call_default_factory=True), default=list))
        wanted = {name: (new, "default")}
    else:
        flag = next((flag for flag in flags() if flag.key == name), None)
        if flag is not None and flag.pairs and isinstance(value, str):
            value = parse_pairs([part for part in value.split(",") if part], f"--set {name}")
        loaded = load_settings(None, overrides={name: value}, flags=False)
        document = loaded.to_json()
        wanted = {key: (at(document, key), ORIGIN if key == name else origin) for key, origin in loaded.origins.items()}
    found: list[Change] = []
    for key, (new, origin) in wanted.items():
        reason = why_fixed(key)
        if reason is not None and at(old, key) != new:
            raise UserError(f"{name} brings {key} along: {reason[0]}", remedy=reason[1])
        if at(old, key) == new:
            continue
        if reason is None and key != name and _without_effect(key, plan):
            continue
        found += [Change(key, at(old, key), new, origin), *_rivals(merged, key, origins)]
        put(merged, key, new)
        origins[key] = origin
    if not found:
        raise UserError(
            f"{name} is {shown(at(old, name))} already: there is nothing to try",
            remedy="`trainwright config schema` describes each setting and its values",
        )
    return found


def _without_effect(key: str, plan: Mapping[str, Any]) -> bool:
    """Whether a key of networks is read by nothing in the plan."""
    field, families = field_of(key), _families(plan)
    if field is None or extra(field, "concerns") != "neural" or NEURAL in families:
        return False
    name = key.rpartition(".")[2]
    over_texts = [family_spec(family) for family in families if family in TEXT_FAMILIES]
    return not any(setting.name == name for spec in over_texts for setting in spec.settings)


def _rivals(merged: dict[str, Any], key: str, origins: dict[str, str]) -> list[Change]:
    """Takes back what says the same in another way; two of them would clash."""
    found = []
    for pair in RIVALS:
        if key in pair:
            other = pair[1 - pair.index(key)]
            before = at(merged, other)
            if before is not None and not other.startswith("data."):
                put(merged, other, None)
                origins.pop(other, None)
                found.append(Change(other, before, None, f"makes room for {key}"))
    return found


def _family(merged: dict[str, Any], name: str, value: Any, plan: Mapping[str, Any]) -> list[Change]:
    """Puts a family's setting into `merged`, beside those that it holds."""
    family, _, setting = name.partition(".")
    if family not in _families(plan):
        raise UserError(
            f"{family} is not among the candidates of the version ({_listed(plan)}), so {setting} changes nothing",
            remedy=f"try it first: --set training.families={family}",
        )
    held = dict((at(merged, FAMILY_SETTINGS) or {}).get(family) or {})
    key = f"{FAMILY_SETTINGS}.{family}.{setting}"
    if isinstance(value, str) and value.lower() in DEFAULT:
        if setting not in held:
            raise UserError(f"{key} is not given: there is nothing to take back", remedy="set another value")
        before, new = held.pop(setting), None
    else:
        try:
            loaded = load_settings(None, overrides={FAMILY_SETTINGS: {f"{family}.{setting}": str(value)}}, flags=False)
        except UserError as error:
            problem = error.problem.removeprefix(f"argument {FAMILY_SETTINGS}: ")
            raise UserError(f"{ORIGIN} {family}.{setting}: {problem}", remedy=error.remedy) from None
        new = loaded.to_json()["training"]["family_settings"][family][setting]
        before = held.get(setting, fitted(plan, family, setting))
        if before == new and type(before) is type(new):
            raise UserError(f"{key} is {shown(before)} already: there is nothing to try", remedy="set another value")
        held[setting] = new
    put(merged, FAMILY_SETTINGS, {**(at(merged, FAMILY_SETTINGS) or {}), family: held})
    return [Change(key, before, new)]


def _means_something(change: Change, merged: Mapping[str, Any], plan: Mapping[str, Any], task: str) -> None:
    """Refuses a family's setting that is not read for this task, or not beside the family's other settings.

    Raises:
        UserError: saying why it changes nothing.
    """
    if not change.key.startswith(f"{FAMILY_SETTINGS}.") or change.new is None:
        return
    family, _, setting = change.key.removeprefix(f"{FAMILY_SETTINGS}.").partition(".")
    spec = family_spec(family)
    held = (at(merged, FAMILY_SETTINGS) or {}).get(family) or {}
    others = {one.name: [held.get(one.name, fitted(plan, family, one.name))] for one in spec.settings}
    why = why_without_meaning(spec, setting, task, others)
    if why:
        raise UserError(f"{family}.{setting} changes nothing here: {why}", remedy=instead_of(spec, setting, task))


def fitted(plan: Mapping[str, Any], family: str, setting: str) -> Any:
    """What a family was fitted with: what the plan says, else the family's default; None where it decides itself."""
    steps = [step for step in plan.get("steps") or [] if step.get("family") == family]
    steps.sort(key=lambda step: step.get("role") == "baseline")
    for step in steps:
        if setting in (step.get("settings") or {}):
            return step["settings"][setting]
    return family_spec(family).defaults().get(setting)


def _families(plan: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(str(step.get("family")) for step in plan.get("steps") or []))


def _listed(plan: Mapping[str, Any]) -> str:
    return ", ".join(family for family in _families(plan) if family != "baseline") or "none"


def _checked(merged: dict[str, Any], origins: dict[str, str], changes: Sequence[Change]) -> Settings:
    """The settings, with every rule between them kept.

    Raises:
        UserError: the new value clashes with one that the run had.
    """
    try:
        settings = Settings.from_json(merged, origins)
    except ValidationError as error:
        given = {change.key: Given(change.new, f"{ORIGIN} {change.key}", shown(change.new)) for change in changes}
        found = explain(error, given)
        raise UserError(
            f"{found.problem} (the version was trained with one, and the other is tried)",
            remedy=found.remedy or "take the first one back with --set KEY=default and --together",
        ) from None
    check_together(settings)
    return settings
