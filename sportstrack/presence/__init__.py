"""Heat maps and movement paths of a tracking result."""
