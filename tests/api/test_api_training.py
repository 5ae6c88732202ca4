"""What is wrong with a setting given in Python is said in Python's words, before anything is written."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import trainwright as tw
from trainwright.errors import UserError


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"training.learning_rate": 50}, r"^argument training\.learning_rate: learning_rate must be .*got '50'"),
        ({"training.dropuot": 0.3}, r"there is no setting 'training\.dropuot'; did you mean 'dropout'\?"),
        (
            {"training.weight_decay": 0.1, "training.l2_regularization": 0.1},
            r"^argument training\.weight_decay and argument training\.l2_regularization",
        ),
    ],
)
def test_a_wrong_setting_names_the_argument(settings: dict[str, float], said: str, tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": range(60), "y": ["no", "yes"] * 30})
    with pytest.raises(UserError, match=said):
        tw.train(frame, target="y", settings=settings, workspace=tmp_path / "space")
    assert not (tmp_path / "space").exists()
