"""One reader and one writer per format of data sets."""
