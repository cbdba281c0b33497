"""TFLite models read (the extra ``tflite``): written as ONNX in memory, from where they take its road."""
