"""Front end, transducer, search, end-pointing. Hands on a `Transcript` and `Work`: what was computed when."""
