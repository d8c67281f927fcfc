"""Live streams: a process for each, which reads, tracks, draws and records; what comes of it goes to whoever looks."""
