"""The parts of the study of branching encoders: what it hears, what a device does with it, figures, page."""
