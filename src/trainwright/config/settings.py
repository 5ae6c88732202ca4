"""All settings of a run as one value, with a note of where each came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, PrivateAttr

from trainwright.config.data import DataSettings
from trainwright.config.decision import DecisionSettings
from trainwright.config.keys import Block, Text, key
from trainwright.config.problem import ProblemSettings
from trainwright.config.requirements import RequirementSettings
from trainwright.config.search import SearchSettings
from trainwright.config.track import TrackSettings
from trainwright.config.training import TrainingSettings


class Settings(Block):
    """The settings of a whole run; nothing reads a setting from anywhere else.

    Example:
        >>> settings = Settings.model_validate({"data": {"target": "income"}})
        >>> settings.training.seed, settings.origin("training.seed")
        (0, 'default')
    """

    project: Text | None = key(None, "The name of the problem; the file's name when not given.", example="adult")
    problem: ProblemSettings = key(ProblemSettings(), "The decision it supports.", example={})
    data: DataSettings = key(DataSettings(), "The table and how it is split.", example={})
    training: TrainingSettings = key(TrainingSettings(), "What is trained.", example={})
    requirements: RequirementSettings = key(RequirementSettings(), "What a model must satisfy.", example={})
    search: SearchSettings = key(SearchSettings(), "Which settings are tried first.", example={})
    decision: DecisionSettings = key(DecisionSettings(), "From which probability on to act.", example={})
    track: TrackSettings = key(TrackSettings(), "Where it is mirrored.", example={})

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    def origin(self, name: str) -> str:
        """Where a value came from: "run.yaml line 4", "preset balanced", "--epochs" or "default".

        Args:
            name: the key with its block, such as "training.epochs".
        """
        if name in self._origins:
            return self._origins[name]
        inside = [found for known, found in self._origins.items() if known.startswith(f"{name}.")]
        return inside[0] if inside else "default"

    @property
    def origins(self) -> dict[str, str]:
        """Every key that is not at its default, with where it came from."""
        return dict(self._origins)

    def given(self, name: str) -> bool:
        """True when the key was given in a file, by a flag or by a preset."""
        return self.origin(name) != "default"

    def to_json(self) -> dict[str, Any]:
        """The settings as plain data, to keep with a run."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: Mapping[str, Any], origins: Mapping[str, str] | None = None) -> Settings:
        """The settings of an earlier run, as `to_json` gave them."""
        settings = cls.model_validate(data)
        settings._origins.update(origins or {})
        return settings


# The blocks in the order in which a bare key is looked for.
BLOCKS: dict[str, type[BaseModel]] = {
    "training": TrainingSettings,
    "data": DataSettings,
    "requirements": RequirementSettings,
    "problem": ProblemSettings,
    "search": SearchSettings,
    "decision": DecisionSettings,
    "track": TrackSettings,
}
