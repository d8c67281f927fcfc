"""The report of an experiment: what was measured, as a document that is written as HTML and as PDF."""
