"""The sections of the benchmark, one module each: `commands`, `peers`, `production`, `limits`."""
