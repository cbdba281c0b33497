"""Understanding: words to an intent and its slots, on the device, from one hypothesis or from the n best."""
