"""What is asked of pictures everywhere."""
