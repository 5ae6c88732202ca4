"""Refuses a training on texts where every one of them is empty, before any work starts."""

from __future__ import annotations

import polars as pl

from trainwright.config.known import TEXT_FAMILIES
from trainwright.config.resolve import resolve_families
from trainwright.config.settings import Settings
from trainwright.data.schema import Kind, Schema
from trainwright.errors import UserError


def check_contents(settings: Settings, schema: Schema, frame: pl.DataFrame) -> None:
    """Refuses texts without content where they are the only features, or where a family of texts is asked for.

    Beside other columns, and with no such family, they are a finding (TW113) and no reason to stop.

    Args:
        settings: of the run.
        schema: which columns are features, and of which kind.
        frame: the table.

    Raises:
        UserError: naming the columns.
    """
    texts = [column.name for column in schema.features if column.kind is Kind.TEXT]
    asked = [family for family in resolve_families(settings) or () if family in TEXT_FAMILIES]
    if not texts or not (asked or len(texts) == len(schema.features)):
        return
    if any((frame[name].cast(pl.String).str.strip_chars() != "").any() for name in texts):
        return
    names = " and ".join(repr(name) for name in texts)
    wanted = f" for {asked[0]}" if asked else ""
    raise UserError(
        f"every text in {names} is empty ({frame.height:,} rows): there is nothing to learn from{wanted}",
        remedy="check how the file was written and which column holds the texts (--kind COLUMN=text)",
    )
