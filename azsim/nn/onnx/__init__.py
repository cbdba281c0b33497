"""ONNX models read: folded, their branches chosen, their state recognised, and made graphs (the extra ``onnx``)."""
