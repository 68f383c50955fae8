"""Preparation: bare hosts get the programs of their roles, from package repositories or an offline bundle."""
