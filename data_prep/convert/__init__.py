"""Conversion between the formats of data sets."""
