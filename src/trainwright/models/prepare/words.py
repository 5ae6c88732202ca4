"""Text to words and pairs of words; the same rule when fitting and when predicting."""

from __future__ import annotations

import re
from itertools import pairwise

# Scripts written without spaces (Chinese, Japanese) give one token for each sign; pairs stand in for words.
_SIGNS = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_SIGNS}]|[^\W{_SIGNS}]+")
LONGEST = 50_000  # characters that are read of one text; beyond them little is learned and much time is lost


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, then its pairs of neighbouring words.

    Example:
        >>> tokens("Pump leaks, again")
        ['pump', 'leaks', 'again', 'pump leaks', 'leaks again']
    """
    words = _TOKEN.findall(text[:LONGEST].lower())
    return words + [f"{first} {second}" for first, second in pairwise(words)]
