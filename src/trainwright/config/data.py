"""The `data:` block: which file, which columns play which role, how rows are split."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import model_validator

from trainwright.config.keys import AsWritten, Block, Duration, PositiveShare, Share, Text, Texts, Words, key

ColumnKind = Literal["number", "category", "boolean", "datetime", "text", "identifier", "constant"]


class DataSettings(Block):
    """Which file, which columns play which role, how rows are split."""

    train_file: Text | None = key(
        None,
        "The labelled table: CSV, TSV, JSON Lines, Parquet, Arrow, Excel, also compressed.",
        example="train.csv",
    )
    test_file: Text | None = key(
        None,
        "A file of its own for the sealed test; then nothing is held back from the training file.",
        example="test.csv",
        flag="--test",
    )
    target: Text | None = key(None, "The column to predict.", example="income")
    task: Literal["classes", "number"] | None = key(
        None,
        "What kind of target it is; found out from its values, so say it only when that is wrong.",
        example="classes",
    )
    positive: Text | None = key(
        None,
        "Of two classes, the one that probabilities and thresholds are about; the rarer when not given.",
        example=">50K",
    )
    id: Text | None = key(None, "The column that names each row; never a feature.", example="customer_id")
    group: Text | None = key(
        None,
        "Rows with the same value stay on one side of every cut: the model must work on groups it has never seen.",
        example="patient",
    )
    time: Text | None = key(
        None,
        "The column that orders rows in time, or row-order; what is held out is later than what is trained on.",
        example="sold_at",
    )
    cluster: Text | None = key(
        None,
        "Rows with the same value resemble each other; leaves the split alone and widens the intervals.",
        example="machine",
    )
    weight: Text | None = key(None, "The column that says how much each row counts.", example="weight")
    ignore: Texts = key((), "Columns that no model may see.", example=["notes", "operator"])
    annotators: Texts = key(
        (),
        "Columns in which several people labelled the same rows: their agreement is measured and no model sees "
        "them. Without `target`, what most of them say is predicted.",
        example=["anna", "ben", "chris"],
    )
    version: Text | None = key(
        None,
        "Train on a stored dataset version of the project instead of a file, such as one with corrected labels; "
        "its split stays as it is.",
        example="d2",
        flag="--data-version",
    )
    on_finding: Literal["warn", "stop"] = key(
        "warn",
        "What a finding of severity error does: warn says it and trains, stop ends before any training.",
        example="stop",
    )
    ignore_findings: Words = key(
        (),
        "Codes of findings that are known and accepted; the run records that they were silenced.",
        example=["TW302"],
    )
    filter_low_quality: bool = key(
        False,
        "Learn nothing from rows that are nearly empty; they are still predicted and counted in every figure.",
        example=True,
    )
    kinds: Annotated[dict[Text, ColumnKind], AsWritten()] = key(
        {},
        "What the values of a column are, where the reading is wrong.",
        example={"postcode": "category"},
        flag="--kind",
    )
    test_size: Share | None = key(
        None, "Share of all rows sealed as the test part; 0.15 when not given, 0 for none.", example=0.15
    )
    validation_split: Share | None = key(
        None,
        "Share of all rows for one fixed validation part. Leave it out for cross-validation, which uses every row.",
        example=0.2,
    )
    train_size: PositiveShare | None = key(
        None, "Share of all rows to train on, where you prefer to say that one directly.", example=0.7
    )
    validation_from: Text | None = key(
        None, "With `time`: rows from this date on are the validation part.", example="2026-09-01"
    )
    test_from: Text | None = key(None, "With `time`: rows from this date on are the test part.", example="2026-11-01")
    gap: Duration = key(0.0, "With `time`: this span before each cut is left out (rows for row-order).", example="7d")
    split_column: Text | None = key(
        None,
        "A column that says train, validation or test for each row, or the number of its fold.",
        example="part",
    )
    folds: int | None = key(
        None,
        "Folds of the cross-validation; decided by the number of rows when not given.",
        example=5,
        ge=2,
        le=100,
    )
    repeats: int | None = key(
        None,
        "How often the folds are drawn anew; more than once pays for small data.",
        example=3,
        ge=1,
        le=100,
    )
    shuffle: bool = key(
        True,
        "Draw rows at random; false keeps the order of the file, so that its last rows are the test part.",
        example=True,
    )
    stratify: bool | Texts = key(
        True,
        "Keep the shares of the target alike in all parts; or columns whose shares are kept alike as well.",
        example=True,
    )
    random_state: int | None = key(
        None, "The seed of the split alone; `seed` when not given.", example=42, ge=0, le=2**63 - 1
    )
    missing_marks: Texts = key(
        (),
        "Further spellings of a missing value. A blank, ?, NA and the like are known already.",
        example=["-999"],
    )
    sheet: Text | None = key(None, "The sheet of an Excel file, by name or number from 1.", example="Sheet1")
    header_row: int | None = key(
        None,
        "The line of the header counted from 1, or 0 for none; found out when not given.",
        example=1,
        ge=0,
    )
    delimiter: Text | None = key(None, "The character between fields; found out when not given.", example=";")
    encoding: str | None = key(None, "The encoding of the text; found out when not given.", example="utf-8")
    decimal: Literal[".", ","] | None = key(None, "The decimal mark; found out when not given.", example=",")

    @model_validator(mode="after")
    def _parts_fit(self) -> DataSettings:
        given = {
            name: value
            for name in ("train_size", "validation_split", "test_size")
            if (value := getattr(self, name)) is not None
        }
        total = sum(given.values())
        if len(given) == 3 and abs(total - 1) > 1e-6:
            raise ValueError(f"train_size, validation_split and test_size add up to {total:g}; they must add up to 1")
        if len(given) == 2 and (total > 1 or (total == 1 and "train_size" not in given)):
            raise ValueError(f"{' and '.join(given)} add up to {total:g}, which leaves no rows for the rest")
        for name in ("validation_from", "test_from", "gap"):
            if getattr(self, name) and not self.time:
                raise ValueError(f"{name} needs `time`, the column it is compared with")
        for code in self.ignore_findings:
            if not re.fullmatch(r"TW\d{3}", code):
                raise ValueError(f"ignore_findings names {code!r}; a code is TW and three digits, such as TW302")
        if len(self.annotators) == 1:
            raise ValueError("annotators names one column; agreement needs two or more")
        if self.target is not None and self.target in self.annotators:
            raise ValueError(
                f"{self.target!r} is the target and an annotator; without target, the majority is predicted"
            )
        if self.version is not None and not re.fullmatch(r"d?[1-9]\d{0,8}", self.version):
            raise ValueError(f"version {self.version!r} is no dataset version; they are called d1, d2, ...")
        if self.test_file is not None and self.test_size:
            raise ValueError("test_file and test_size both say where the test part comes from; give one of them")
        return self
