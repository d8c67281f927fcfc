"""``sportstrack send``: a video file goes to a network address as a camera would send it."""
