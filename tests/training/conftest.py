"""Gives the tests of whole trainings a sealed test, and runs that are followed, in their own process."""

from training_runs import follow_here, sealed_here

__all__ = ["follow_here", "sealed_here"]
