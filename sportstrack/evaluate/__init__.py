"""Tracking results scored against ground truth."""
