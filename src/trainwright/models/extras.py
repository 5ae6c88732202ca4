"""Optional learning libraries: which install brings them, whether they are here, and what to say when they are not."""

from __future__ import annotations

from collections.abc import Iterable

from trainwright.errors import EnvironmentProblem
from trainwright.models.spec import Spec

# The module that each extra of pyproject.toml brings.
LIBRARIES = {"explain": "interpret", "xgboost": "xgboost", "neural": "transformers"}
# Families that need less of their extra than it brings.
LESS = {"neural_network": "torch", "tabular_net": "torch"}


def is_installed(spec: Spec) -> bool:
    """Whether the family can be trained here; its library is looked for, not imported.

    Example:
        >>> from trainwright.models.families import families
        >>> is_installed(families()["linear"])
        True
    """
    from importlib.util import find_spec

    return spec.extra is None or find_spec(_library(spec)) is not None


def _library(spec: Spec) -> str:
    assert spec.extra is not None
    return LESS.get(spec.name, LIBRARIES[spec.extra])


def text_models_here() -> bool:
    """Whether texts can be embedded here without a network: the library and the default base model are here."""
    from trainwright.models.families import families
    from trainwright.models.gallery import find, gallery

    return is_installed(families()["text_embedding"]) and find(gallery()["minilm"]) is not None


def install_command(spec: Spec) -> str:
    """The command that installs what the family needs; empty when it needs nothing more."""
    return "" if spec.extra is None else f'pip install "trainwright[{spec.extra}]"'


def require(specs: Iterable[Spec]) -> None:
    """Refuses families whose library is not installed.

    Raises:
        EnvironmentProblem: names the family, its library and the command that installs it.
    """
    for spec in specs:
        if spec.extra is not None and not is_installed(spec):
            raise EnvironmentProblem(
                f"the family {spec.name!r} learns with the library {_library(spec)!r}, which is not installed",
                remedy=install_command(spec),
            )
