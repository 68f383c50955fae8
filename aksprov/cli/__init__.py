"""The command line: parse, run a workflow, print."""
