"""Token numbers, batches of fixed shapes, and embeddings that do not hang on their company."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_rows import notes

from trainwright.models.text.batches import filled, padded_length, shapes
from trainwright.models.text.vocabulary import learn_pieces


@given(st.lists(st.integers(1, 600), max_size=200))
def test_every_text_stands_in_one_batch_that_holds_it(lengths: list[int]) -> None:
    found = shapes(lengths)
    assert sorted(int(row) for shape in found for row in shape.rows) == list(range(len(lengths)))
    for shape in found:
        assert len(shape.rows) <= shape.size and max(lengths[row] for row in shape.rows) <= shape.length
    if len(lengths) > 4:
        assert {(s.size, s.length) for s in found} == {
            (max(1, 1024 // padded_length(n)), padded_length(n)) for n in lengths
        }


def test_a_short_batch_is_filled_up_without_empty_masks() -> None:
    ids = [np.array([5, 6]), np.array([7])]
    shape = shapes([2, 1, 1, 1, 1])[0]
    numbers, mask = filled(type(shape)(np.array([0, 1]), 4, 8), ids, 9)
    assert numbers.tolist()[0] == [5, 6, 9, 9, 9, 9, 9, 9] and mask.sum(axis=1).tolist() == [2, 1, 1, 1]


@given(st.dictionaries(st.text("abc", min_size=1, max_size=6), st.integers(1, 9), max_size=20), st.integers(1, 60))
def test_pieces_are_the_same_in_any_order_of_the_words(words: dict[str, int], size: int) -> None:
    found = learn_pieces(Counter(words), size)
    assert found == learn_pieces(Counter(dict(reversed(words.items()))), size)
    assert len(set(found)) == len(found) <= size


def test_a_vocabulary_spells_its_texts_and_counts_what_is_cut() -> None:
    from trainwright.models.text.tokens import Tokens

    texts = notes(200)[0]
    tokens = Tokens.learn(texts, 300, 6)
    encoded = tokens.encode([texts[0], "pump", "", "\u6c34 \U0001f527"])
    assert [len(ids) for ids in encoded.ids][:2] == [6, 3] and encoded.cut_texts == 1 and encoded.cut_tokens >= 1
    assert encoded.ids[0][-1] == encoded.ids[1][-1] and len(encoded.ids[2]) == 2
    assert Tokens.learn(texts[::-1], 300, 6).encode([texts[0]]).ids[0].tolist() == encoded.ids[0].tolist()


def test_an_embedding_is_the_same_in_any_company_and_computed_once(
    base_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainwright.models.text import embedding

    texts = [f"{text} {i}" for i, text in enumerate(notes(300)[0])]
    opened = embedding.Embedder(base_folder, 64)
    every = opened.vectors(texts)
    np.testing.assert_allclose(np.linalg.norm(every, axis=1), 32**0.5, rtol=1e-3)
    other = embedding.Embedder(base_folder, 64)
    some = np.random.default_rng(0).permutation(300)[:41]
    assert np.array_equal(other.vectors([texts[i] for i in some]), every[some])
    np.testing.assert_allclose(other.vectors([texts[0]]), every[:1], atol=0.05)
    counted = []
    computed = embedding.Embedder._computed
    monkeypatch.setattr(
        embedding.Embedder,
        "_computed",
        lambda self, ids, **more: counted.append(len(ids)) or computed(self, ids, **more),
    )
    assert np.array_equal(opened.vectors(texts[::-1]), every[::-1]) and not counted
    fresh = embedding.Embedder(base_folder, 64)
    with ThreadPoolExecutor(3) as pool:
        parts = list(pool.map(fresh.vectors, [texts, texts[100:], texts[::-1]]))
    assert np.array_equal(parts[0], every) and np.array_equal(parts[1], every[100:])
    assert sum(counted) == 300
