"""The pitch found by itself: a small network that sees named lines, and the camera that they tell."""
