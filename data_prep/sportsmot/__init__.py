"""SportsMOT as a data set of any format."""
