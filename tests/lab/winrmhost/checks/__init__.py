"""winrmhost's own checks."""
