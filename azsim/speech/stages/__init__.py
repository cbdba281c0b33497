"""The stages of the pipeline, one a file: options, network, what it hears and what it yields (`docs/stages.md`)."""
