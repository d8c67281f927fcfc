"""From a video to tracks: the one place where source, detector, tracker and outputs meet."""
