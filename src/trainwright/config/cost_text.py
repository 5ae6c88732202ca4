"""What mistakes cost, as one text: pairs such as `fp=1 fn=20`, or the name of a file; nobody opens what is neither."""

from __future__ import annotations

PAIRS = ("fp", "fn", "tp", "tn", "review", "unit")
LONG = {"false_positive": "fp", "false_negative": "fn", "true_positive": "tp", "true_negative": "tn"}
FILES = (".yaml", ".yml", ".json")


def words_of(text: str) -> list[str]:
    """The words of a text of costs, which blanks or commas separate.

    Example:
        >>> words_of("fp=1, fn=20")
        ['fp=1', 'fn=20']
    """
    return text.replace(",", " ").split()


def names_file(text: str) -> bool:
    """Whether a text of costs can only be meant as the name of a file. An `=` alone makes no pair of it: folders may be
    called `year=2025`.

    Example:
        >>> names_file("costs.yaml"), names_file("/data/year=2025/costs.yaml"), names_file("fp=1 unit=euros/case")
        (True, True, False)
        >>> names_file("fp=1 fm=20")
        False
    """
    if all(
        mark and LONG.get(name, name) in PAIRS for name, mark, _ in (word.partition("=") for word in words_of(text))
    ):
        return False
    return text.strip().lower().endswith(FILES) or "/" in text or "\\" in text
