"""Carries out an exported model with NumPy. These files need no trainwright: they are copied beside the model."""
