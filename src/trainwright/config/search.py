"""The `search:` block: which settings are tried before the training, how, and for how long."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import field_validator

from trainwright.config.keys import Block, Duration, Words, key

Method = Literal["auto", "bayesian", "random", "grid"]
TRIALS = 50
SECONDS = 1200.0
MOST_TRIALS = 100_000


class SearchSettings(Block):
    """Settings are searched on the development rows first, and the best ones join the contenders of the training. With
    any of these keys a training begins with a search; `trainwright tune` searches for a version that is there."""

    method: Method | None = key(
        None,
        "How settings are proposed: grid tries every combination, random draws them, bayesian learns from earlier "
        "trials (needs the extra tune); auto chooses by the size of the space and the cost of a trial.",
        example="random",
        flag="--search-method",
    )
    space: str | dict[str, Any] | None = key(
        None,
        "What is tried: first (a small search to begin with), wide (ranges to go on with), a YAML file, or families "
        "with their settings written here.",
        example="first",
        flag="--search-space",
    )
    trials: int | None = key(
        None,
        "At most this many trials, the families' defaults among them; 50 when not given.",
        example=30,
        flag="--search-trials",
        ge=1,
        le=MOST_TRIALS,
    )
    time_limit: Duration | None = key(
        None,
        "At most this long for the search; 20 minutes when not given. A time limit of the training that is given holds "
        "for both: the search then takes at most 60 % of it.",
        example="10m",
        flag="--search-time-limit",
    )
    families: Words | None = key(
        None,
        "The families whose settings are searched. Without them the defaults of several are tried first, and only the "
        "most promising are searched further.",
        example=["catboost"],
        flag="--search-families",
    )
    winner_of: int | None = key(
        None,
        "Let the best settings of this finished search (3 for s3) join the contenders; `trainwright tune` gives it.",
        example=3,
        flag="--winner-of",
        ge=1,
    )

    @field_validator("space", mode="before")
    @classmethod
    def _not_empty(cls, value: Any) -> Any:
        if value == {} or value == "":
            raise ValueError("must be first, wide, a file, or families with their settings; it is empty")
        return value

    @property
    def asked(self) -> bool:
        """Whether a training must begin with a search: something was said about one, and none is named as done."""
        said = (self.method, self.space, self.trials, self.time_limit, self.families)
        return self.winner_of is None and any(value is not None for value in said)
