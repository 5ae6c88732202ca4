"""A vocabulary of pieces of words, learned by merging the most frequent pair of neighbours again and again.

Sennrich et al. 2016, "Neural machine translation of rare words with subword units", algorithm 1, with the pieces
written as in BERT ("##" before one that goes on a word). Written here because the trainer of the library tokenizers
breaks ties by chance, and the same rows must give the same model.
"""

from __future__ import annotations

from collections import Counter
from heapq import heapify, heappop, heappush
from itertools import pairwise

WORDS = 30_000  # the most frequent words, which hold nearly all there is to learn
LETTERS = 1_000  # different ones that are kept
GOING_ON = "##"
Pair = tuple[str, str]


def learn_pieces(words: Counter[str], size: int) -> list[str]:
    """At most `size` pieces: letters first, then merged ones, most frequent first.

    Args:
        words: how often each word stands in the texts.
        size: of the vocabulary.

    Example:
        >>> learn_pieces(Counter({"leak": 5, "leaks": 3}), 9)
        ['##a', '##e', '##k', '##s', 'l', '##ak', '##eak', 'leak', 'leaks']
    """
    kept = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:WORDS]
    spelled = [[word[0], *(GOING_ON + letter for letter in word[1:])] for word, _ in kept]
    counts = [count for _, count in kept]
    letters: Counter[str] = Counter()
    for pieces, count in zip(spelled, counts):
        for piece in pieces:
            letters[piece] += count
    common = sorted(letters, key=lambda piece: (-letters[piece], piece))[: min(LETTERS, size)]
    vocabulary = sorted(common)
    known = set(vocabulary)
    pairs, places = _pairs(spelled, counts)
    heap = [(-count, pair) for pair, count in pairs.items()]
    heapify(heap)
    while len(vocabulary) < size and heap:
        negative, pair = heappop(heap)
        count = pairs.get(pair, 0)
        if count != -negative:  # merges since then took some of it
            if count > 1:
                heappush(heap, (-count, pair))
            continue
        if count < 2:
            break
        merged = pair[0] + pair[1].removeprefix(GOING_ON)
        if pair[0] in known and pair[1] in known and merged not in known:
            vocabulary.append(merged)
            known.add(merged)
        for changed in _merge(pair, merged, spelled, counts, pairs, places):
            heappush(heap, (-pairs[changed], changed))
    return vocabulary


def _pairs(spelled: list[list[str]], counts: list[int]) -> tuple[dict[Pair, int], dict[Pair, set[int]]]:
    """How often each pair of neighbours stands in the texts, and in which words."""
    pairs: dict[Pair, int] = {}
    places: dict[Pair, set[int]] = {}
    for at, pieces in enumerate(spelled):
        for pair in pairwise(pieces):
            pairs[pair] = pairs.get(pair, 0) + counts[at]
            places.setdefault(pair, set()).add(at)
    return pairs, places


def _merge(
    pair: Pair,
    merged: str,
    spelled: list[list[str]],
    counts: list[int],
    pairs: dict[Pair, int],
    places: dict[Pair, set[int]],
) -> list[Pair]:
    """Writes the pair as one piece wherever it stands; returns the pairs that this made, in a fixed order."""
    made: set[Pair] = set()
    for at in sorted(places.pop(pair, ())):
        pieces, out, i = spelled[at], [], 0
        while i < len(pieces):
            if i + 1 < len(pieces) and (pieces[i], pieces[i + 1]) == pair:
                out.append(merged)
                i += 2
            else:
                out.append(pieces[i])
                i += 1
        for old in pairwise(pieces):
            pairs[old] = pairs.get(old, 0) - counts[at]
        for new in pairwise(out):
            pairs[new] = pairs.get(new, 0) + counts[at]
            places.setdefault(new, set()).add(at)
            if merged in new:
                made.add(new)
        spelled[at] = out
    pairs.pop(pair, None)
    return sorted(found for found in made if found in pairs)
