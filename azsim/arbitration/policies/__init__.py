"""The policies, one a file of its name; nothing lists them."""
