"""Which settings make a family simpler or more flexible, and by how much one step changes them.

Steps for neural networks are those printed in guides to them: dropout 0.1, 0.3, 0.5; layers [32, 16], [64, 32],
[128, 64, 32], [256, 128, 64]; an L2 penalty of 0.001; patience 3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trainwright.config.known import canonical_family
from trainwright.config.network import NetworkSettings
from trainwright.models.families import families
from trainwright.models.neural_network import units_of
from trainwright.models.spec import Setting, Spec

Change = tuple[str, Any, Any]
# By family: (setting, what one step towards a simpler model does). A factor multiplies, a step adds.
SIMPLER: dict[str, tuple[tuple[str, str, float], ...]] = {
    "catboost": (("depth", "+", -2), ("l2_leaf_reg", "*", 3)),
    "lightgbm": (("num_leaves", "*", 0.5), ("min_child_samples", "*", 2)),
    "xgboost": (("max_depth", "+", -2), ("min_child_weight", "*", 4)),
    "hist_gradient_boosting": (("max_leaf_nodes", "*", 0.5), ("min_samples_leaf", "*", 2)),
    "forest": (("min_samples_leaf", "*", 2), ("max_depth", "+", -4)),
    "extra_trees": (("min_samples_leaf", "*", 2), ("max_depth", "+", -4)),
    "decision_tree": (("max_depth", "+", -2), ("min_samples_leaf", "*", 2)),
    "adaboost": (("max_depth", "+", -1), ("n_estimators", "*", 0.5)),
    "ebm": (("interactions", "*", 0.5), ("min_samples_leaf", "*", 3)),
    "linear": (("C", "*", 0.1), ("alpha", "*", 10)),
    "svm": (("C", "*", 0.1),),
    "tabular_net": (("dropout", "+", 0.15), ("label_smoothing", "+", 0.1)),
    "text_embedding": (("C", "*", 0.1), ("alpha", "*", 10)),
    "text_transformer": (("dropout", "+", 0.1), ("augment", "+", 0.1)),
}
# What stands behind "chosen automatically" for settings without a default, near enough to step from.
USUAL = {("forest", "min_samples_leaf"): 5, ("extra_trees", "min_samples_leaf"): 5}
DROPOUTS = (0.0, 0.1, 0.3, 0.5)
LAYERS = ((32, 16), (64, 32), (128, 64, 32), (256, 128, 64))
NEURAL = "neural_network"


NETWORKS = (NEURAL, "tabular_net", "text_transformer")
# Rates from which a network usually learns, and by how much one step of advice moves a rate. The recipe of the table
# net and a base model's weights bear smaller steps than a network that the user wrote down.
USUAL_RATE, SLOW_RATE = 0.001, {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01}
RATE_STEP, NEURAL_STEP = 3.0, 10.0


@dataclass(frozen=True)
class Row:
    """The candidate that the advice is about: the chosen one, or the heaviest member of an ensemble.

    Args:
        name: in the leaderboard.
        family, spec: its family.
        settings: as fitted, where they differ from the defaults.
        settled: what the training found itself, where its settings left that open.
        plain: settings that have a key of their own in the block `training`.
    """

    name: str
    family: str
    spec: Spec
    settings: Mapping[str, Any]
    settled: Mapping[str, Any] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()

    def key(self, setting: str) -> str:
        """The full key of one of its settings."""
        return f"training.{'' if setting in self.plain else f'family_settings.{self.family}.'}{setting}"

    def value(self, setting: str) -> Any:
        """What it was fitted with; None where the family chose itself and does not tell."""
        found = (self.spec.defaults() | dict(self.settings)).get(setting)
        if found in (None, "auto"):
            found = self.settled.get(setting, found)
        return USUAL.get((self.family, setting)) if found is None else found

    def rate(self, *, up: bool) -> float | int | None:
        """One step up or down with the learning rate; one that is far off the usual goes there at once."""
        old = self.value("learning_rate")
        if isinstance(old, bool) or not isinstance(old, int | float):
            return None
        if self.family != NEURAL:
            return self.allowed("learning_rate", old * RATE_STEP if up else old / RATE_STEP)
        usual = SLOW_RATE.get(str(self.value("optimizer")), USUAL_RATE)
        if up:
            return self.allowed("learning_rate", max(old * NEURAL_STEP, usual))
        return self.allowed("learning_rate", min(old / NEURAL_STEP, usual) if old > usual else old / NEURAL_STEP)

    def allowed(self, setting: str, value: float) -> float | int | None:
        """The value within the setting's range, whole where that is asked; None where that changes nothing."""
        known = {s.name: s for s in self.spec.settings}.get(setting)
        old = self.value(setting)
        if known is None or old is None:
            return None
        new = _within(known, value)
        new = round(new) if isinstance(old, int) else float(f"{new:.3g}")
        return None if new == old else new


def single(result: Mapping[str, Any]) -> Row | None:
    """The candidate that advice on settings is about; None for a baseline or an estimator of the user's own."""
    weights = result.get("weights") or {}
    name = max(weights, key=lambda member: float(weights[member])) if weights else result.get("selected")
    for row in result.get("leaderboard") or []:
        spec = families().get(str(row.get("family")))
        if row.get("name") == name and spec is not None and spec.complexity > 0:
            settings = row.get("settings") or {}
            return Row(str(name), spec.name, spec, settings, network_of(result, str(name)), _plain(spec, result))
    return None


def network_of(result: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What the training of a network settled and told; empty for another family."""
    return next((one for one in result.get("networks") or [] if one.get("name") == name), {})


def _plain(spec: Spec, result: Mapping[str, Any]) -> frozenset[str]:
    """Settings with a key in the block `training`: a network's, but for those that `family_settings` hold and win."""
    if spec.name != NEURAL:
        return frozenset()
    given = ((result.get("settings") or {}).get("training") or {}).get("family_settings") or {}
    own = {name for family, values in given.items() if canonical_family(family) == NEURAL for name in values}
    return frozenset(NetworkSettings.model_fields) - own


def simpler(row: Row, result: Mapping[str, Any]) -> Iterator[Change]:
    """(key, old, new) of one step towards a simpler model."""
    if row.family == NEURAL:
        yield from neural(result, simpler=True, row=row)
        return
    for setting, how, by in SIMPLER.get(row.family, ()):
        yield from _stepped(row, setting, how, by)


def freer(row: Row, result: Mapping[str, Any]) -> Iterator[Change]:
    """(key, old, new) of one step towards a more flexible model; less regularisation is one."""
    if row.family == NEURAL:
        yield from neural(result, simpler=False, row=row)
        return
    if row.value("features") == "plain":
        yield row.key("features"), "plain", "engineered"
    for setting, how, by in SIMPLER.get(row.family, ()):
        yield from _stepped(row, setting, how, -by if how == "+" else 1 / by)


def neural(result: Mapping[str, Any], *, simpler: bool, row: Row | None = None) -> Iterator[Change]:
    """(key, old, new) of one step for a network: dropout, L2, patience and layers to simplify, layers to enlarge."""
    given = dict((result.get("settings") or {}).get("training") or {})
    if row is not None:  # as it was fitted, by whomever it was chosen
        fitted = row.spec.defaults() | dict(row.settings)
        given |= {name: fitted[name] for name in ("dropout", "l2_regularization", "early_stopping", "patience")}
        given["l2_regularization"] = given["l2_regularization"] or None
        given["layers"] = units_of(str(fitted["layers"]))
    layers = tuple(given.get("layers") or (128, 64, 32))
    size = sum(layers)
    if not simpler:
        larger = next((list(choice) for choice in LAYERS if sum(choice) > size), None)
        if larger is not None:
            yield "training.layers", list(layers), larger
        return
    dropout = float(given.get("dropout") or 0.0)
    more = next((value for value in DROPOUTS if value > dropout), None)
    if more is not None:
        yield "training.dropout", dropout, more
    if given.get("l2_regularization") is None and given.get("weight_decay") is None:
        yield "training.l2_regularization", None, 0.001
    if given.get("early_stopping") in (None, False):
        yield "training.early_stopping", given.get("early_stopping"), True
    elif (given.get("patience") or 10) > 3:
        yield "training.patience", given.get("patience"), 3
    smaller = next((list(choice) for choice in reversed(LAYERS) if sum(choice) < size), None)
    if smaller is not None:
        yield "training.layers", list(layers), smaller


def _stepped(row: Row, setting: str, how: str, by: float) -> Iterator[Change]:
    old = row.value(setting)
    if isinstance(old, int | float) and not isinstance(old, bool):
        new = row.allowed(setting, old + by if how == "+" else old * by)
        if new is not None:
            yield row.key(setting), old, new


def _within(setting: Setting, value: float) -> float:
    low = value if setting.low is None else max(setting.low, value)
    return low if setting.high is None else min(setting.high, low)
