"""What the service measures of itself: for Prometheus, as JSON and as time series."""
