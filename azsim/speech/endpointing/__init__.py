"""When an utterance has ended: voice activity, features of the pause, two decisions, the protocol of their events."""
