"""Templates and what is desired become bundles.  Pure, apart from ``Templates.load()``."""
