"""Processes of the service that work beside it, and messages between both."""
