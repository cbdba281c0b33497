"""Small networks: layers, parameters, float and bit-exact integer execution, import. Hands on a `Network`."""
