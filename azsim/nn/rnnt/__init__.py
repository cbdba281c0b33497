"""The recogniser as three graphs (encoder, prediction, joint), and what only it knows."""
