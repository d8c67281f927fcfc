"""What every network needs: a device and its weights."""
