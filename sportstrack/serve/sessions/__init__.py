"""Sessions: boxes in, tracks out, for people with a detector of their own."""
