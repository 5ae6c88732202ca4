"""The `track:` block: where trainings are mirrored. Our own database stays the truth."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import field_validator

from trainwright.config.keys import Block, Text, key


class TrackSettings(Block):
    """Mirrors of a training for the tools that a team looks at anyway. Nothing is mirrored unless an address is given
    here or in the environment (`MLFLOW_TRACKING_URI`, `TRAINWRIGHT_TENSORBOARD`); what is installed switches nothing
    on. A relative place is taken from the folder that holds the workspace."""

    mlflow: Text | None = key(
        None,
        "The tracking address of MLflow, such as http://127.0.0.1:5000 or sqlite:///mlflow.db (needs the extra track); "
        "it gets parameters, metrics, report and model of every training. A server that is slow or away never holds up "
        "a training: `trainwright track sync` catches up.",
        example="http://127.0.0.1:5000",
        flag="--mlflow",
    )
    tensorboard: Text | None = key(
        None,
        "A folder for the event files that `tensorboard --logdir` shows: the curves of every training as they grow.",
        example="runs",
        flag="--tensorboard",
    )

    @field_validator("mlflow")
    @classmethod
    def _no_password(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).password is not None:
            raise ValueError(
                "must not hold a password, since settings are kept with the run; give it in MLFLOW_TRACKING_USERNAME "
                "and MLFLOW_TRACKING_PASSWORD"
            )
        return value
