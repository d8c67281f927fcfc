"""Single-object trackers scored against ground truth."""
