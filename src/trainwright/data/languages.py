"""Guesses in which language a text is written, by its script and its commonest little words; no library is needed.

A guess for the mix of languages in a table, not for single texts: short ones often hold no little word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

# Words that make up a tenth of any text in the language, less those that the others share.
LITTLE_WORDS = {
    "English": "the and is to of for with that this you my it have was are not what how can i your be on do",
    "German": "der die das und ist nicht ein eine ich zu mit auf für von den wie kann mein wurde bei sich dem auch",
    "French": "le la les et est pas une je des pour que dans sur vous mon avec du ce qui ne au mais sont ai",
    "Spanish": "el los las y es una por que con para mi no se lo como está pero cuando su del ha al más",
    "Italian": "il gli e è una per che con non mi sono come della ho più ma di del alla nel questo",
    "Portuguese": "o os as e é uma por que com para não meu como está mas do da em ao você foi isso",
    "Dutch": "het een en is niet ik van voor met op dat zijn mijn te hoe kan maar ook aan bij naar wordt",
    "Polish": "i w nie na jest się z do to że jak mam mój czy po co dla już przez tylko",
    "Turkish": "ve bir bu için ile de da ne nasıl mi ben çok var değil daha gibi benim",
    "Swedish": "och är det att en jag som inte på för med av mitt hur kan har om till den",
}
# By the range of its letters; a script that several languages share is named itself.
SCRIPTS = (
    ("Japanese", "\u3040-\u30ff"),
    ("Chinese", "\u3400-\u4dbf\u4e00-\u9fff"),
    ("Korean", "\uac00-\ud7af"),
    ("Cyrillic script", "\u0400-\u04ff"),
    ("Greek", "\u0370-\u03ff"),
    ("Arabic script", "\u0600-\u06ff"),
    ("Hebrew", "\u0590-\u05ff"),
    ("Devanagari script", "\u0900-\u097f"),
    ("Thai", "\u0e00-\u0e7f"),
)
LONGEST = 2_000
_SETS = {language: frozenset(words.split()) for language, words in LITTLE_WORDS.items()}
_OF_SCRIPT = [(name, re.compile(f"[{letters}]")) for name, letters in SCRIPTS]
_WORD = re.compile(r"[^\W\d_]+")
# A language is told by at least so many of its little words, and more of them than of any other's.
LEAST = 2


def language(text: str) -> str | None:
    """The language that the text seems to be written in, or None where it holds too few little words to tell.

    Example:
        >>> language("Wie kann ich mein Konto schließen?"), language("Pump 7")
        ('German', None)
    """
    text = text[:LONGEST]
    letters = sum(character.isalpha() for character in text)
    if not letters:
        return None
    for name, pattern in _OF_SCRIPT:
        if not text.isascii() and len(pattern.findall(text)) > letters / 3:
            return name
    words = [word.lower() for word in _WORD.findall(text)]
    counts = {name: sum(word in known for word in words) for name, known in _SETS.items()}
    first, second = sorted(counts.values(), reverse=True)[:2]
    if first < LEAST or first == second:
        return None
    return max(counts, key=counts.__getitem__)


def languages(texts: Iterable[str]) -> Counter[str]:
    """How many of the texts seem to be written in each language; those that cannot be told are left out."""
    return Counter(found for text in texts if (found := language(text)) is not None)
