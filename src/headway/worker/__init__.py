"""Runs handlers where the user's code is: a supervisor process with the link, executor processes with the work."""
