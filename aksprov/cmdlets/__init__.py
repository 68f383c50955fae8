"""The AksHci surface as data: every verb, its parameters, sets, rules and output properties.

The command line, the reference page and every later front end are made from these
declarations, so they cannot drift apart.
"""
