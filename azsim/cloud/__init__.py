"""What happens off the device: the audio-streaming baseline."""
