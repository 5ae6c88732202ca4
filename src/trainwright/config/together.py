"""Refuses settings of two blocks that contradict each other: one of them would be without effect, in silence."""

from __future__ import annotations

from trainwright.config.settings import Settings
from trainwright.errors import UserError


def check_together(settings: Settings) -> None:
    """Checks what was given; settings that are stored with a run were checked when they were given.

    Args:
        settings: with the origin of each value, for the message.

    Raises:
        UserError: naming both keys and where each came from.

    Example:
        >>> check_together(Settings.model_validate({"training": {"interval": 0.8}}))
    """
    width = settings.requirements.review_width
    if width is not None and settings.training.interval is False:
        raise UserError(
            f"requirements.review_width: {width} ({settings.origin('requirements.review_width')}) marks rows whose low "
            f"and high lie far apart, and training.interval: false ({settings.origin('training.interval')}) makes none",
            remedy="leave one of the two out",
        )
