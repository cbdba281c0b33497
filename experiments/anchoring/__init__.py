"""What the anchor needs: recordings in kitchen noise, slots of coffee orders, another recogniser and its trigram."""
