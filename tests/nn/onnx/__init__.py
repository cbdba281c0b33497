"""Importing ONNX models; what needs the package is skipped where it is missing."""
