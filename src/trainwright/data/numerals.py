"""Numbers written for people: thousands separators, decimal commas, percent and currency signs.

A style is taken only when the column's values leave no doubt; `1,234` alone may be a thousand or a fraction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

ENOUGH = 0.95
_UNIT = r"%|€|\$|£|¥|₹|USD|EUR|GBP|CHF"
_DRESSED = rf"^[-+]?(?:{_UNIT})?\s*[-+]?\.?\d[\d.,'’\s\u00a0\u202f]*(?:[eE][-+]?\d+)?\s*(?:{_UNIT})?$"
_CANDIDATES = ((".", ","), (",", "."), (",", ""), (".", " "), (",", " "), (".", "'"), (",", "'"))


@dataclass(frozen=True)
class Style:
    """How a column writes its numbers.

    Args:
        decimal: "." or ",".
        thousands: the separator of thousands, or nothing.
        unit: the sign beside the number, "%" or a currency, or nothing; 12 % is the number 12.
    """

    decimal: str = "."
    thousands: str = ""
    unit: str = ""

    def spell(self) -> str:
        """The style as it is kept in `Column.format`."""
        if self == Style():
            return ""
        thousands = {"": "none", " ": "space"}.get(self.thousands, self.thousands)
        return f"number decimal={self.decimal} thousands={thousands} unit={self.unit or 'none'}"

    @classmethod
    def read(cls, spelt: str) -> Style:
        """The style from `spell`'s text; the plain style for any other text.

        Example:
            >>> Style.read(Style(",", ".", "€").spell())
            Style(decimal=',', thousands='.', unit='€')
        """
        found = re.fullmatch(r"number decimal=([.,]) thousands=(\S+) unit=(\S+)", spelt)
        if found is None:
            return cls()
        decimal, thousands, unit = found.groups()
        return cls(decimal, {"none": "", "space": " "}.get(thousands, thousands), "" if unit == "none" else unit)


def plain_numbers(values: pl.Series) -> pl.Series:
    """(n,) strings as Float64; whatever is not a plain number becomes null."""
    return values.cast(pl.Float64, strict=False)


def numbers(values: pl.Series, style: Style) -> pl.Series:
    """(n,) strings as Float64, read in this style where they are not plain numbers.

    Example:
        >>> numbers(pl.Series(["1.234,5 €", "7"]), Style(",", ".", "€")).to_list()
        [1234.5, 7.0]
    """
    if style == Style():
        return plain_numbers(values)
    body = _undressed(values, style.unit)
    fits = body.str.contains(_pattern(style.decimal, style.thousands)).fill_null(False)
    spelt = body
    if style.thousands == " ":
        spelt = spelt.str.replace_all(r"[\s\u00a0\u202f]", "")
    elif style.thousands:
        spelt = spelt.str.replace_all("’", "'", literal=True).str.replace_all(style.thousands, "", literal=True)
    if style.decimal == ",":
        spelt = spelt.str.replace(",", ".", literal=True)
    read = plain_numbers(pl.select(pl.when(fits).then(spelt)).to_series())
    # Exponents and the like are plain whatever the style; "1.234" is not, where points separate thousands.
    rest = plain_numbers(pl.select(pl.when(~fits).then(body)).to_series())
    return pl.select(pl.coalesce(read, rest)).to_series().rename(values.name)


def find_style(values: pl.Series) -> tuple[Style | None, bool]:
    """The one style in which these strings are numbers, and whether there was doubt.

    Args:
        values: (n,) strings, cleaned; null is missing.

    Returns:
        The style, or None when the strings are not numbers or can be read in two ways; and whether it is the
        latter.
    """
    held = values.drop_nulls()
    if held.len() == 0 or held.head(1000).str.contains(_DRESSED).mean() < 0.5:  # type: ignore[operator]
        return None, False
    dressed = held.str.contains(_DRESSED)
    if _share(dressed) < ENOUGH:
        return None, False
    distinct = held.filter(dressed).unique()
    unit, sure = _unit(distinct)
    if not sure:
        return None, True
    body = _undressed(distinct, unit)
    if _share(plain_numbers(body).is_not_null()) == 1.0:
        return Style(unit=unit), False
    fitting = [
        Style(decimal, thousands, unit)
        for decimal, thousands in _CANDIDATES
        if _share(body.str.contains(_pattern(decimal, thousands))) >= ENOUGH
    ]
    if Style(".", ",", unit) in fitting and Style(",", "", unit) in fitting:
        return _thousand_or_fraction(body, unit)
    return (fitting[0], False) if fitting else (None, False)


def _thousand_or_fraction(body: pl.Series, unit: str) -> tuple[Style | None, bool]:
    """Decides `1,234`: a thousand when the numbers without a comma are all whole and below 1,000."""
    with_comma = body.str.contains(",", literal=True)
    if (~body.filter(with_comma).str.contains(r"^[-+]?[1-9]\d{0,2},\d{3}$")).any():
        return Style(",", "", unit), False
    plain = plain_numbers(body.filter(~with_comma)).abs()
    small = plain.null_count() == 0 and bool((plain < 1000).all()) and bool((plain % 1 == 0).all())
    # Fractions without closing zeros would show other lengths among 20 values (1,5 rather than 1,500).
    if small and (plain.len() >= 3 or (plain.len() >= 1 and int(with_comma.sum()) >= 20)):
        return Style(".", ",", unit), False
    return None, True


def _unit(distinct: pl.Series) -> tuple[str, bool]:
    """The sign that goes with the numbers, and False when there are several or only some percentages."""
    found = distinct.str.extract(rf"({_UNIT})").drop_nulls()
    kinds = found.unique().to_list()
    if not kinds:
        return "", True
    if len(kinds) > 1 or (kinds[0] == "%" and found.len() < ENOUGH * distinct.len()):
        return "", False
    return str(kinds[0]), True


def _undressed(values: pl.Series, unit: str) -> pl.Series:
    """Strings without their unit and the spaces beside it."""
    return values.str.replace(unit, "", literal=True).str.strip_chars() if unit else values


def _pattern(decimal: str, thousands: str) -> str:
    point = re.escape(decimal)
    if not thousands:
        return rf"^[-+]?\d+(?:{point}\d+)?$"
    group = r"[\s\u00a0\u202f]" if thousands == " " else "['’]" if thousands == "'" else re.escape(thousands)
    return rf"^[-+]?(?:\d{{1,3}}(?:{group}\d{{3}})+|\d+)(?:{point}\d+)?$"


def _share(flags: pl.Series) -> float:
    return float(flags.sum()) / max(1, flags.len())
