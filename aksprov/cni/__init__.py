"""Network plugins: what each can do and what its documents need.  Pure."""
