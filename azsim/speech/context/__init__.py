"""A user's own names: catalogues, boosts inside the beam, attention over the entries (`docs/context.md`)."""
