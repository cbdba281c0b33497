"""Tests of ``azsim/nn/tflite``."""
