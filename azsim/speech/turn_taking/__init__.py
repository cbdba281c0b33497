"""Who is being spoken to: tracks of heads and mouths, people who make such tracks, and a network that fuses them."""
