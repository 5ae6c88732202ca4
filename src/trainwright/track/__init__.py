"""Mirrors of trainings for MLflow and TensorBoard: they read the workspace, and nothing in it depends on them."""
