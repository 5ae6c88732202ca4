"""`inspect --test FILE` looks at the user's own test file as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from command_line import run


def test_copies_in_a_test_file_are_found_before_any_training(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    frame = pl.DataFrame({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": np.where(x[:, 0] > 0, "bad", "good")})
    frame[:240].write_csv(tmp_path / "train.csv")
    pl.concat([frame[240:], frame[:30]]).write_csv(tmp_path / "test.csv")
    document = run(
        "inspect", tmp_path / "train.csv", "--test", tmp_path / "test.csv", "--target", "y", "--json"
    ).document
    assert document["split"]["n_rows"]["test"] == 90
    copies = next(finding for finding in document["findings"] if finding["code"] == "TW102")
    assert copies["severity"] in ("warning", "error") and "30" in copies["message"]
