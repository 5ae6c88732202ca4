"""Encoders that turn blocks of columns into a matrix of numbers, fitted inside the fold on its training rows.

Every encoder works on one block of `Columns` and has `fit`, `transform`, `names`, `state` and `restore`; the
state is plain data for JSON. `preparation.Preparation` puts them together after a `Recipe`.
"""
