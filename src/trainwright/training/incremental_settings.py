"""The settings of an incremental training: those of its base, and what may and may not be given anew beside it."""

from __future__ import annotations

from typing import Any

from trainwright.config.settings import Settings
from trainwright.errors import UserError
from trainwright.training.incremental_base import Base
from trainwright.training.setting_values import at, put

# Of the `data:` block, what may be said anew: how the new file is read, and what the checks do.
FREE = (
    *("train_file", "delimiter", "encoding", "decimal", "header_row", "sheet", "missing_marks"),
    *("on_finding", "ignore_findings", "filter_low_quality"),
)
# Of the `training:` block, what the base decided: its members learn on, no other is begun.
DECIDED = ("families", "model_type", "family_settings", "select_features")


def refuse_others(source: Any, settings: Settings) -> None:
    """What cannot be asked together with an incremental training, said before anything is read.

    Raises:
        UserError: naming the two.
    """
    if settings.data.version is not None:
        raise UserError(
            f"--incremental and --data-version {settings.data.version} are both given",
            remedy="learning on needs a file of new rows; stored rows are trained on in full",
        )
    if settings.data.test_file is not None:
        raise UserError(
            "--incremental and --test are both given: the sealed rows of the base stay the test, with some of the new",
            remedy="leave --test out",
        )
    if settings.training.sample is not None:
        raise UserError("--incremental and --sample are both given", remedy="rehearse with a smaller file of new rows")
    searched = [key for key in settings.origins if key.startswith("search.")]
    for key in (*(f"training.{name}" for name in DECIDED), *searched):
        if settings.given(key):
            raise UserError(
                f"{key} ({settings.origin(key)}) and --incremental are both given: the members of the base learn on, "
                "with their settings",
                remedy="leave it out, or train in full",
            )
    replay = settings.training.replay
    if replay > 1 and not replay.is_integer():
        raise UserError(
            f"training.replay ({settings.origin('training.replay')}) must be a share from 0 to 1, or a whole number of "
            f"rows, got {replay:g}",
            remedy="--replay 20%, or --replay 5000",
        )
    if source is None:
        raise UserError("no table is named", remedy="trainwright train NEW.csv --project NAME --incremental")


def inherit(settings: Settings, base: Base) -> Settings:
    """The settings of the base's run with what is given now on top.

    Raises:
        UserError: a key is given that would change what the columns are or how rows are split.
    """
    document = dict(base.run.settings or {})
    given, origins = settings.to_json(), dict(base.run.origins or {})
    merged = {name: dict(value) if isinstance(value, dict) else value for name, value in document.items()}
    for key in ("incremental", "base", "replay", "comments", "seeds", "sample"):
        merged["training"].pop(key, None)
        origins.pop(f"training.{key}", None)
    for name in ("train_file", "test_file", "version"):
        merged["data"].pop(name, None)
        origins.pop(f"data.{name}", None)
    for key, where in settings.origins.items():
        block, _, rest = key.partition(".")
        value, before = at(given, key), at(document, key)
        if block == "data" and rest not in FREE and value != before:
            spelled = f"{before!r}" if before is not None else "that not given"
            raise UserError(
                f"data.{rest} is {value!r} ({where}), but {base.label} was trained with {spelled}",
                remedy="leave it out: an incremental training keeps the columns, their roles and the target of its "
                "base; change them in a full training, in a project of its own",
            )
        put(merged, key, value)
        origins[key] = where
    merged["project"] = settings.project
    merged.pop("search", None)
    origins = {key: where for key, where in origins.items() if not key.startswith("search.")}
    return Settings.from_json(merged, origins)
