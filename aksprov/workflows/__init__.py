"""One file per verb: an ordered list of steps that reads like a table of contents."""
