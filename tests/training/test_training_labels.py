"""Suspected labels of a run become a dataset version that trains, and sealed labels are never read on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from training_runs import new_workspace, rows_of, run_here, settings

from trainwright.data.parts import DEVELOPMENT_FILE, part_path, read_development
from trainwright.errors import UserError
from trainwright.store.datasets import get_split, latest_split, list_dataset_versions
from trainwright.store.transaction import read
from trainwright.store.workspace import Workspace
from trainwright.training.corrections import decide, restore
from trainwright.training.doubtful_labels import read_labels
from trainwright.training.prepare import prepare

pytestmark = pytest.mark.usefixtures("sealed_here")


def clear(n: int = 400, *, wrong: int = 30, number: bool = False) -> tuple[pl.DataFrame, set[int]]:
    """A table whose classes hardly overlap, with some labels exchanged; and which rows these are."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=n), rng.normal(size=n)
    rows = rng.choice(n, wrong, replace=False)
    if number:
        y = 100 + 10 * a + 5 * b + rng.normal(0, 0.5, n)
        y[rows] *= 10
        return pl.DataFrame({"a": a, "b": b, "y": y}), set(rows.tolist())
    a += np.where(rng.random(n) < 0.5, 4.0, -4.0)
    label = a > 0
    label[rows] = ~label[rows]
    return pl.DataFrame({"a": a, "b": b, "y": np.where(label, "yes", "no")}), set(rows.tolist())


@dataclass
class Made:
    workspace: Workspace
    wrong: set[int]
    result: dict[str, Any]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    frame, wrong = clear()
    workspace = new_workspace(tmp_path)
    _, result = run_here(workspace, frame, settings(training__seed=3))
    return Made(workspace, wrong, result)


def test_exchanged_labels_are_found_corrected_and_trained_on(made: Made) -> None:
    suspected = made.result["suspected_labels"]
    rows = {item["row"] for item in suspected["rows"]}
    labels = read_labels(made.workspace, "demo")
    sealed = made.wrong - set(labels.rows.tolist())
    assert rows <= made.wrong - sealed and sealed
    assert len(rows) >= 0.8 * len(made.wrong - sealed)
    finding = next(f for f in made.result["findings"] if f["code"] == "TW304")
    assert finding["severity"] == "warning" and "data labels accept demo" in finding["remedy"]

    version = decide(made.workspace, labels, "accepted", dict.fromkeys(rows))
    assert version is not None and version.origin is not None and version.number == 2
    assert version.origin["version"] == "d1" and {c["row"] for c in version.origin["changes"]} == rows
    _, again = run_here(made.workspace, None, settings(data__target=None, data__version="d2", data__folds=None,
                                                       data__repeats=None))  # fmt: skip
    assert again["dataset"] == "d2" and again["seed"] == 3  # what is left open comes from the first run
    assert again["validation"]["roc_auc"]["value"] > made.result["validation"]["roc_auc"]["value"]
    assert again["n_rows"] == made.result["n_rows"]
    assert any("corrected" in note["message"] for note in again["notes"])


def test_a_corrected_version_shares_its_sealed_files_and_reads_none(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = pl.read_parquet
    seen: list[str] = []

    def watching(path: Any, *args: Any, **kwargs: Any) -> pl.DataFrame:
        seen.append(str(path))
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(pl, "read_parquet", watching)
    labels = read_labels(made.workspace, "demo")
    row = labels.open_suspects()[0]["row"]
    version = decide(made.workspace, labels, "accepted", {row: None})
    assert version is not None
    prepare(made.workspace, None, settings(data__target=None, data__version="d2", data__folds=None, data__repeats=None))
    assert seen and not [path for path in seen if "label" in Path(path).name]
    monkeypatch.undo()
    with read(made.workspace) as connection:
        first, second = labels.split_row, latest_split(connection, version.id)
    assert second is not None and first.artifacts is not None and second.artifacts is not None
    for part in ("split", "test_features", "test_labels"):
        assert first.artifacts[part] == second.artifacts[part]
    before, after = (
        pl.read_parquet(part_path(made.workspace, s, "development") / DEVELOPMENT_FILE) for s in (first, second)
    )
    assert before.drop("y").equals(after.drop("y"))
    changed = np.flatnonzero((before["y"] != after["y"]).to_numpy())
    assert labels.rows[changed].tolist() == [row]


def test_acts_are_idempotent_remembered_and_taken_back(made: Made) -> None:
    labels = read_labels(made.workspace, "demo")
    first, second, third = (item["row"] for item in labels.open_suspects()[:3])
    one = decide(made.workspace, labels, "accepted", {first: None})
    same = decide(made.workspace, read_labels(made.workspace, "demo"), "accepted", {first: None})
    assert one is not None and same is not None and one.sha == same.sha
    both = decide(made.workspace, read_labels(made.workspace, "demo"), "accepted", {second: None})
    assert both is not None and both.origin is not None and len(both.origin["changes"]) == 2
    decide(made.workspace, read_labels(made.workspace, "demo"), "rejected", {third: None})
    shown = {item["row"] for item in read_labels(made.workspace, "demo").open_suspects()}
    assert not shown & {first, second, third}
    back = restore(made.workspace, read_labels(made.workspace, "demo"), [second])
    assert back is not None and back.sha == one.sha
    assert restore(made.workspace, read_labels(made.workspace, "demo"), [first]) is None
    assert first in {item["row"] for item in read_labels(made.workspace, "demo").open_suspects()}
    acts = [action for (action,) in rows_of(made.workspace, "SELECT action FROM audit WHERE action LIKE 'labels%'")]
    assert acts == ["labels accepted"] * 3 + ["labels rejected"] + ["labels restored"] * 2
    with read(made.workspace) as connection:
        assert [v.number for v in list_dataset_versions(connection)] == [1, 2, 3]


def test_a_rejected_suspicion_is_not_raised_on_the_next_version(made: Made) -> None:
    labels = read_labels(made.workspace, "demo")
    kept, changed = (item["row"] for item in labels.open_suspects()[:2])
    decide(made.workspace, labels, "rejected", {kept: None})
    decide(made.workspace, labels, "accepted", {changed: None})
    given = settings(data__target=None, data__version="2", data__folds=None, data__repeats=None)
    _, result = run_here(made.workspace, None, given)
    again = read_labels(made.workspace, f"demo@{result['run']}")
    assert kept in {item["row"] for item in result["suspected_labels"]["rows"]}
    assert kept not in {item["row"] for item in again.open_suspects()}


def test_wrong_rows_and_labels_are_refused(made: Made) -> None:
    labels = read_labels(made.workspace, "demo")
    sealed = next(iter(set(range(400)) - set(labels.rows.tolist())))
    honest = next(int(row) for row in labels.rows if int(row) not in made.wrong)
    row = labels.open_suspects()[0]["row"]
    for wanted, words in (
        ({sealed: None}, "not a development row"),
        ({4000: None}, "has no row 4000"),
        ({honest: None}, "not suspected"),
        ({row: "maybe"}, "not a label"),
        ({row: labels.given(labels.position(row))}, "already"),
    ):
        with pytest.raises(UserError, match=words):
            decide(made.workspace, labels, "accepted", wanted)
    with pytest.raises(UserError, match="not suspected"):
        decide(made.workspace, labels, "rejected", {honest: None})
    with pytest.raises(UserError, match="nothing was decided"):
        restore(made.workspace, labels, [row])
    assert rows_of(made.workspace, "SELECT * FROM label_decision") == []
    assert decide(
        made.workspace, labels, "accepted", {honest: "no" if labels.given(labels.position(honest)) == "yes" else "yes"}
    )


def test_numbers_are_suspected_and_only_a_person_sets_them(tmp_path: Path) -> None:
    frame, wrong = clear(number=True, wrong=6)
    workspace = new_workspace(tmp_path)
    _, result = run_here(workspace, frame, settings())
    labels = read_labels(workspace, "demo")
    rows = {item["row"] for item in result["suspected_labels"]["rows"]}
    assert wrong & set(labels.rows.tolist()) <= rows
    row = labels.open_suspects()[0]["row"]
    with pytest.raises(UserError, match="no measurement"):
        decide(workspace, labels, "accepted", {row: None})
    version = decide(workspace, labels, "accepted", {row: "101.5"})
    assert version is not None
    with read(workspace) as connection:
        split = latest_split(connection, version.id)
    assert split is not None
    frame, _, _ = read_development(workspace, split)
    assert frame["y"][labels.position(row)] == 101.5


def test_stored_versions_refuse_what_would_change_the_split(made: Made) -> None:
    free = {"data__target": None, "data__folds": None, "data__repeats": None}
    with pytest.raises(UserError, match=r"data\.group .* cannot change"):
        prepare(made.workspace, None, settings(**free, data__version="d1", data__group="b"))
    with pytest.raises(UserError, match=r"no dataset version d7.*it has: d1"):
        prepare(made.workspace, None, settings(**free, data__version="d7"))
    with pytest.raises(UserError, match="both given"):
        prepare(made.workspace, clear()[0], settings(**free, data__version="d1"))
    with pytest.raises(UserError, match="needs the project"):
        prepare(made.workspace, None, settings(**free, data__version="d1", project=None))


def test_errors_stop_before_training_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from trainwright.data.checks import Check, Finding, rare_classes

    bad = Check("TW301", "rare-classes", "error", "", lambda _: [Finding("TW301", "error", "No class is left.")])
    monkeypatch.setattr(rare_classes, "CHECK", bad)
    from trainwright.data import checks as package

    package.checks.cache_clear()
    try:
        workspace = new_workspace(tmp_path)
        with pytest.raises(UserError, match=r"TW301 No class is left.*--on-finding warn") as caught:
            prepare(workspace, clear()[0], settings(data__on_finding="stop"))
        assert caught.value.exit_code == 2
        assert rows_of(workspace, "SELECT state FROM job") == [("failed",)]
        assert rows_of(workspace, "SELECT * FROM trial") == []
        quiet = settings(data__on_finding="stop", data__ignore_findings=("TW301",))
        told = [f for f in prepare(workspace, clear()[0], quiet).findings.findings if f.code == "TW301"]
        assert [f.severity for f in told] == ["note"] and told[0].message.startswith("Silenced")
        prepare(workspace, clear()[0], settings())
    finally:
        monkeypatch.undo()
        package.checks.cache_clear()


def test_rows_that_hold_too_little_are_not_learned_from_but_counted(tmp_path: Path) -> None:
    frame, _ = clear(wrong=0)
    frame = frame.with_columns(c=pl.col("a") + pl.col("b"), d=pl.col("a") - pl.col("b"))
    empty = pl.int_range(400) % 25 == 0
    frame = frame.with_columns(pl.when(empty).then(None).otherwise(name).alias(name) for name in "abcd")
    workspace = new_workspace(tmp_path)
    _, plain = run_here(workspace, frame, settings())
    _, filtered = run_here(workspace, frame, settings(project="filtered", data__filter_low_quality=True))
    assert filtered["n_rows"] == plain["n_rows"]
    words = [reason for reason in filtered["plan"]["reasons"] if "hold too little" in reason]
    assert len(words) == 1 and "test rows are never filtered" in words[0]
    with read(workspace) as connection:
        split = get_split(connection, 2)
    development, _, _ = read_development(workspace, split)
    held = development.height - int(development["a"].null_count())
    learned = rows_of(workspace, "SELECT rows FROM trial WHERE run_id = 2 AND name = 'linear'")
    assert sum(rows for (rows,) in learned) == 2 * held
