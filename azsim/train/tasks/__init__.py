"""What small networks learn: one task a file, found by the name of its module."""
