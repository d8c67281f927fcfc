"""Alerts: rules about live streams, and whom they tell."""
