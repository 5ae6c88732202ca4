"""How a network over texts is trained: its settings as the training loop takes them, and where its states may lie."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainwright.data.limits import readable
from trainwright.models.nets.passing import GREATER_IS_BETTER, engine_choices
from trainwright.models.spec import Report
from trainwright.models.text.base import NONE
from trainwright.models.text_transformer import FINE_TUNING, FROM_SCRATCH, SPEC

if TYPE_CHECKING:
    from torch import nn

    from trainwright.engine.settings import EngineSettings

PASSED = (
    "epochs", "batch_size", "optimizer", "scheduler", "warmup_steps", "step_size", "gamma", "momentum",
    "l2_regularization", "gradient_clip", "early_stopping", "patience", "min_delta", "best_by", "precision",
    "gradient_checkpointing", "save_checkpoint", "checkpoint_interval", "keep_epoch", "device",
    "compile",
)  # fmt: skip
# A state takes four times the bytes of the weights: hundreds of MB are not written every few seconds, nor kept often.
PAUSE, KEPT = 60.0, 2


def settings_of(chosen: Mapping[str, Any], *, seed: int, threads: int) -> EngineSettings:
    """The settings of the training loop.

    Args:
        chosen: every setting of `text_transformer`.
        seed: of every random draw.
        threads: processor threads.
    """
    from trainwright.engine.settings import from_choices

    rate, why = chosen["learning_rate"], "as set"
    if rate is None and chosen["base_model"] == NONE:
        rate, why = FROM_SCRATCH, "default from scratch"
    elif rate is None:
        rate, why = FINE_TUNING, "default when fine-tuning"
    defaults = SPEC.defaults()
    decay, warmup = float(chosen["weight_decay"]), float(chosen["warmup_ratio"])
    if chosen["l2_regularization"] and decay == defaults["weight_decay"]:
        decay = 0.0  # the penalty stands in its place
    if chosen["scheduler"] == "one_cycle" and warmup == defaults["warmup_ratio"]:
        warmup = 0.0  # it rises by itself
    return from_choices(
        engine_choices(chosen, PASSED),
        learning_rate=rate if rate == "auto" else float(rate),
        rate_reason=why,
        weight_decay=decay,
        warmup_ratio=warmup,
        greater_is_better=chosen["best_by"] in GREATER_IS_BETTER,
        checkpoint_pause=PAUSE,
        checkpoints_kept=KEPT,
        seed=seed,
        threads=threads,
    )


def folder_for_states(
    folder: Path | None, network: nn.Module, settings: EngineSettings, report: Report | None
) -> Path | None:
    """The folder for states; None where its disk has no room for them, which is said: without one it goes as well.

    Args:
        folder: for states, or None.
        network: that is trained.
        settings: of the training.
        report: told where there is no room.
    """
    from trainwright.engine.memory import STATES

    if folder is None or not settings.save_checkpoint:
        return folder
    place = next(path for path in (folder, *folder.parents) if path.exists())
    weights = sum(parameter.numel() * parameter.element_size() for parameter in network.parameters())
    # The weights, those of the best epoch and the optimiser's memory; the next state is written before one is removed.
    needed = (KEPT + 1) * (2 + STATES[settings.optimizer]) * weights
    free = shutil.disk_usage(place).free
    if needed <= free:
        return folder
    if report is not None:
        words = (
            f"no states of this fit are written: they need {readable(needed)}, and {readable(free)} are free on the "
            f"disk that holds {place}; a killed run would begin this fit again"
        )
        report({"kind": "notice", "message": words})
    return None
