"""Windows hosts: the wires that reach them, and what runs there."""
