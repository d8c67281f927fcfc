"""The service: videos and streams in over HTTP, tracks, pictures and figures out."""
