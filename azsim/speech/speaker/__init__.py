"""Who speaks: a voice from log-mel, people who enrolled, and how sure a match is."""
