"""The neural processor: decoder, lanes, tile pipeline, residency, energy. Hands on a `TileSchedule`."""
