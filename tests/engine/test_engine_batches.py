"""Every row comes once an epoch, in an order that seed and epoch decide, and reading goes on from any position."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from engine_data import Classifier, network, rows, same, texts, weights
from hypothesis import given
from hypothesis import strategies as st

from trainwright.engine.batches import Batches, Held, Ragged, Reading, Source
from trainwright.engine.learner import Batch
from trainwright.engine.loop import fit
from trainwright.engine.settings import EngineSettings
from trainwright.engine.streams import Streamed

CPU = torch.device("cpu")


class Numbers(torch.utils.data.Dataset[Batch]):
    """A dataset of n rows that hold their own number."""

    def __init__(self, n: int):
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, at: Any) -> Batch:
        return {"row": at}


def held(n: int) -> Source:
    return Held(row=np.arange(n))


def ragged(n: int) -> Source:
    return Ragged([[1] * (1 + 7 * i % 11) for i in range(n)], pad=0, row=np.arange(n))


def streamed(n: int) -> Source:
    return Streamed(Numbers(n))


SOURCES = {"held": held, "ragged": ragged, "streamed": streamed}


def read(batches: Batches) -> list[list[int]]:
    return [batch["row"].tolist() for batch in batches]


@pytest.mark.parametrize("name", SOURCES)
@given(n=st.integers(1, 70), size=st.integers(1, 20), seed=st.integers(0, 2**32 - 1), shuffle=st.booleans())
def test_every_row_comes_once_and_the_last_short_batch_is_kept(
    name: str, n: int, size: int, seed: int, shuffle: bool
) -> None:
    batches = SOURCES[name](n).batches(Reading(size, CPU, seed, shuffle))
    found = read(batches)
    assert sorted(row for batch in found for row in batch) == list(range(n))
    assert len(found) == batches.steps
    assert sorted(map(len, found)) == sorted([size] * (n // size) + ([n % size] if n % size else []))


@pytest.mark.parametrize("name", SOURCES)
@given(size=st.integers(1, 12), at=st.integers(0, 40), epoch=st.integers(1, 3))
def test_reading_goes_on_from_any_position(name: str, size: int, at: int, epoch: int) -> None:
    reading = Reading(size, CPU, 5)
    whole = SOURCES[name](30).batches(reading)
    for _ in range(epoch - 1):
        read(whole)
        whole.next_epoch()
    expected, state = [], None
    for number, batch in enumerate(whole):
        if number >= at:
            state = state or {"epoch": epoch, "position": at}
            expected.append(batch["row"].tolist())
    if state is not None:
        again = SOURCES[name](30).batches(reading)
        again.restore(state)
        assert read(again) == expected
        assert again.state() == whole.state()


@pytest.mark.parametrize("name", SOURCES)
def test_each_epoch_and_each_seed_have_an_order_of_their_own(name: str) -> None:
    first, other = (SOURCES[name](40).batches(Reading(8, CPU, seed)) for seed in (1, 4097))
    orders = [read(first), read(other)]
    first.next_epoch()
    orders.append(read(first))
    assert orders[0] != orders[1] and orders[0] != orders[2]


@pytest.mark.parametrize("name", SOURCES)
def test_answers_return_to_the_order_of_the_rows(name: str) -> None:
    batches = SOURCES[name](25).batches(Reading(4, CPU, shuffle=False))
    answers = [batch["row"].float() * 2 for batch in batches]
    assert batches.in_row_order(answers).tolist() == [2.0 * i for i in range(25)]


def test_texts_are_padded_to_the_longest_of_their_batch_only() -> None:
    source = texts(400)
    batches = source.batches(Reading(8, CPU, 3))
    padded = real = 0
    for batch in batches:
        lengths = batch["mask"].sum(1)
        assert batch["ids"].shape[1] == lengths.max()
        assert bool((batch["ids"][batch["mask"] == 0] == 0).all())
        assert bool((batch["ids"][batch["mask"] == 1] > 0).all())
        padded, real = padded + batch["mask"].numel(), real + int(lengths.sum())
    assert padded < 1.1 * real  # in random order it would be about 1.6 times as many
    assert batches.heaviest(3)["mask"].sum(1).tolist() == sorted(source.lengths.tolist(), reverse=True)[:3]


def test_an_empty_text_is_a_padding_token() -> None:
    (batch,) = Ragged([[], [4]], pad=7).batches(Reading(2, CPU, shuffle=False))
    assert batch["ids"].tolist() == [[7], [4]]
    assert batch["mask"].tolist() == [[1], [1]]


def test_rows_in_worker_processes_are_the_same_rows() -> None:
    here, there = (streamed(20).batches(Reading(6, CPU, 2, workers=workers)) for workers in (0, 1))
    for _ in range(2):
        assert read(here) == read(there)
        here.next_epoch()
        there.next_epoch()


def test_rows_read_as_they_come_teach_the_same_as_rows_held() -> None:
    plain = rows(50)

    class Rows(torch.utils.data.Dataset[Batch]):
        def __len__(self) -> int:
            return len(plain)

        def __getitem__(self, at: Any) -> Batch:
            return {name: column[at] for name, column in plain.columns.items()}

    settings = EngineSettings(epochs=3, batch_size=8, workers=0)
    found = []
    for source in (plain, Streamed(Rows())):
        learner = Classifier(network(dropout=0.2))
        fitted = fit(learner, source, settings)
        found.append(weights(learner.module))
    assert same(*found)
    assert fitted.choices["rows"].value == "read in this process"


def test_rows_that_a_device_cannot_hold_are_read_as_they_come() -> None:
    meta = replace(Reading(8, CPU), device=torch.device("meta"), room=10)
    batches = rows(50).batches(meta)
    assert batches.choice.value == "read in this process"
    assert batches.choice.reason == "1.6 KiB are more than the 10 bytes that meta spares"


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        Held(x=np.zeros(3), y=np.zeros(4))
    with pytest.raises(ValueError, match="another length than the 1 texts"):
        Ragged([[1]], pad=0, y=np.zeros(2))
