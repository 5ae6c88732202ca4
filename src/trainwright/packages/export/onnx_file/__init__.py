"""Steps as an ONNX graph."""
