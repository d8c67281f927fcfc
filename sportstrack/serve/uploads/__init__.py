"""Files on their way in: in chunks that resume."""
