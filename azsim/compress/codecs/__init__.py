"""Weight codecs: one file each, one registry."""
