"""Scores of tracking results: CLEAR, Identity and HOTA. They know no tracker."""
