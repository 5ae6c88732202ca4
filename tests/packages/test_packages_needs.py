"""Which libraries a package asks for, and which it does without."""

from __future__ import annotations

from importlib import metadata

import pytest

from trainwright.errors import EnvironmentProblem
from trainwright.packages import needs


def test_an_ebm_answers_without_the_library_that_trained_it() -> None:
    assert needs.required(["ebm", "linear"]) == needs.ALWAYS


@pytest.mark.parametrize("installed", ["xgboost-cpu", "xgboost"])
def test_either_distribution_of_xgboost_will_do(installed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name.startswith("xgboost"):
            if name != installed:
                raise metadata.PackageNotFoundError(name)
            return "3.2.0"
        return real(name)

    monkeypatch.setattr(needs.metadata, "version", version)
    needs.check(needs.required(["xgboost"]))


def test_without_xgboost_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name.startswith("xgboost"):
            raise metadata.PackageNotFoundError(name)
        return "99"

    monkeypatch.setattr(needs.metadata, "version", version)
    with pytest.raises(EnvironmentProblem, match=r"pip install 'xgboost-cpu>=3\.1,<4'"):
        needs.check(needs.required(["xgboost"]))
