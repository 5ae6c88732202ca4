"""Lets these tests use the small tables and quick settings of the tests of training."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "training"))

from training_runs import follow_here, sealed_here

__all__ = ["follow_here", "sealed_here"]
