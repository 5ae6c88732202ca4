"""Rows that benchmarks fit on and judge by are the same at every run, and none is on both sides."""

from __future__ import annotations

from importlib import import_module

import numpy as np


def test_test_rows_are_a_quarter_of_each_label_and_the_same_at_every_run() -> None:
    holdout = import_module("holdout")
    codes = np.random.default_rng(0).integers(0, 3, 400)
    test = holdout.stratified(codes)
    for code in range(3):
        own = test[codes == code]
        assert own.sum() == round(len(own) / 4)
    # A script that has words instead of positions parts the same rows.
    words = np.array(["bad", "good", "other"], dtype=object)[codes]
    assert (holdout.stratified(words) == test).all()
    assert (holdout.stratified(codes) == test).all()
    frame = import_module("tables").every_kind(400, "two")
    dataset, target = holdout.understood(frame, "target")
    learn, kept = holdout.cut(dataset, holdout.stratified(dataset.y))
    assert sorted([*learn.rows, *kept.rows]) == list(range(400))
    folds = [fold.validation for fold in holdout.folded(learn, target).folds]
    assert sorted(np.concatenate(folds)) == list(range(len(learn)))


def test_a_long_table_is_sampled_in_its_order() -> None:
    holdout, tables = import_module("holdout"), import_module("tables")
    whole = tables.load("generated_two", None).with_row_index()
    sample = holdout.sample("generated_two", None, 100)
    assert sample.height == 100
    kept = whole.join(sample, on=["load", "noise"], how="semi", maintain_order="left")
    assert kept["load"].to_list() == sample["load"].to_list()
    assert holdout.sample("generated_two", None, 100).equals(sample)
    assert holdout.sample("generated_two", None, whole.height).equals(whole.drop("index"))
