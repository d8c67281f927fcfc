"""Jobs: videos in, results out, one after the other."""
