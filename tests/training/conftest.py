"""Gives the tests of whole trainings a sealed test that opens in their own process."""

from training_runs import sealed_here

__all__ = ["sealed_here"]
