"""Compression configurations side by side: the experiment file, the runs it asks for, and the comparison they make."""
