"""Versions written for other programs: an ONNX file, a folder that needs no trainwright, an MLflow model.

`pipeline` turns a package into plain steps (`steps`), which `onnx_file` and `folder` each carry out in their own way.
No file is published before `parity` has compared its answers with ours.
"""
