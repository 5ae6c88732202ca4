"""What `make` installs: every installation goes by constraints.txt, which pins what would bring gigabytes otherwise."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PINNED = {
    one.name: one
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
    for one in [Requirement(line)]
}


def test_every_installation_of_the_makefile_is_constrained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^PIP := .*pip install .*--constraint constraints\.txt$", makefile, re.MULTILINE)
    recipes = [line for line in makefile.splitlines() if line.startswith("\t")]
    assert any("$(PIP)" in line for line in recipes)
    assert not any("pip install" in line for line in recipes)


def test_torch_and_what_needs_it_are_pinned_to_one_version_within_the_range() -> None:
    """A range of torch lets pip take another build than the one that was tested, with several GB of CUDA beside it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [Requirement(line) for line in project["optional-dependencies"]["neural"]]
    assert {"torch", "transformers", "safetensors"} <= {one.name for one in asked}
    for one in asked:
        pins = list(PINNED[one.name].specifier)
        assert [pin.operator for pin in pins] == ["=="], one.name
        assert one.specifier.contains(pins[0].version), one.name
