"""Searches for settings: proposed, fitted on the folds of a split, judged; the best ones join a training."""
