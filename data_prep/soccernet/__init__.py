"""SoccerNet-tracking as a data set of any format."""
