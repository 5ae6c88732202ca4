"""A check that crashes never stops a training: it is reported with its code; every outcome says how long it took."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from training_runs import FEATURES, new_workspace, run_here, settings, table

from trainwright.data import checks as table_of_checks
from trainwright.data.checks import Check, Finding
from trainwright.data.checks.context import Context


def breaks(context: Context) -> list[Finding]:
    raise ZeroDivisionError("a bug in a check")


def dawdles(context: Context) -> list[Finding]:
    time.sleep(0.05)
    return []


@pytest.mark.usefixtures("sealed_here")
def test_a_training_goes_on_when_a_check_crashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(table_of_checks.checks())
    extra = {
        "TW990": Check("TW990", "breaks", "note", "", breaks),
        "TW991": Check("TW991", "slow", "note", "", dawdles),
    }
    monkeypatch.setattr(table_of_checks, "checks", lambda: {**extra, **known})
    workspace = new_workspace(tmp_path)
    prepared, document = run_here(workspace, table().select(FEATURES), settings())
    outcomes = {outcome.code: outcome for outcome in prepared.findings.outcomes}
    assert outcomes["TW990"].state == "crashed"
    assert outcomes["TW990"].reason == "ZeroDivisionError: a bug in a check"
    assert outcomes["TW991"].state == "passed" and outcomes["TW991"].seconds >= 0.05
    assert set(outcomes) == {*known, *extra}
    assert document["version"]
