"""What the studies of trained networks share: what they hear, and how they report it."""
