"""Which libraries a package needs for predicting, and whether they are here.

Only the boosting libraries predict with code of their own; every other family predicts with NumPy alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import metadata

from trainwright.errors import EnvironmentProblem

ALWAYS = {"numpy": ">=2.0,<3", "polars": ">=2.0,<3"}
BY_FAMILY = {
    "lightgbm": {"lightgbm": ">=4.6,<5"},
    "catboost": {"catboost": ">=1.2.8,<2"},
    "xgboost": {"xgboost-cpu": ">=3.1,<4"},
    "text_embedding": {"torch": ">=2.9,<3", "transformers": ">=5,<6", "safetensors": ">=0.5,<1"},
    "text_transformer": {"torch": ">=2.9,<3", "transformers": ">=5,<6", "safetensors": ">=0.5,<1"},
}
# Other distributions of the same library.
OTHERWISE = {"xgboost-cpu": "xgboost"}


def own_version() -> str:
    """The version of the installed trainwright."""
    try:
        return metadata.version("trainwright")
    except metadata.PackageNotFoundError:  # run from a source tree that was never installed
        return "0"


def required(families: Iterable[str]) -> dict[str, str]:
    """The libraries, with ranges, that these families need for predicting.

    Example:
        >>> sorted(required(["linear", "lightgbm"]))
        ['lightgbm', 'numpy', 'polars']
    """
    out = dict(ALWAYS)
    for family in families:
        out.update(BY_FAMILY.get(family, {}))
    return out


def check(needed: Mapping[str, str]) -> None:
    """Raises when a library is absent or older than the package needs.

    A library newer than the range is tried: model files outlive major versions, and loading says if they
    do not.

    Raises:
        EnvironmentProblem: naming the library, what is needed, what is there and the command that installs
            it.
    """
    for library, range_ in sorted(needed.items()):
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,60}", library):
            raise EnvironmentProblem(f"the package needs a library with the impossible name {library!r:.80}")
        plain = re.fullmatch(r"[0-9A-Za-z.,<>=!~* ]{0,60}", range_) is not None
        command = f"pip install '{library}{range_}'" if plain else f"pip install '{library}'"
        found = _installed(library) or _installed(OTHERWISE.get(library, library))
        if found is None:
            raise EnvironmentProblem(f"the package needs {library} {range_}, which is not installed", remedy=command)
        low = re.search(r">=\s*([0-9.]+)", range_)
        if low and _numbers(found) < _numbers(low.group(1)):
            raise EnvironmentProblem(f"the package needs {library} {range_}, found {found}", remedy=command)


def _installed(library: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: "1.2.10rc1" gives (1, 2, 10)."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])
