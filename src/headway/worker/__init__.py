"""Runs handlers where the user's code lives: a supervisor that owns the link, and executor processes it can replace."""
