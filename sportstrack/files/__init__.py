"""Reading files of strangers within limits, and writing files that appear whole."""
