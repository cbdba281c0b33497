"""What a network computes, one operator a file: shapes, float reference, integer kernel, lowering, ONNX mapping."""
