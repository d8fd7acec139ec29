"""Submits, asks, acts and follows, over whatever transport works. Knows the server by its URL only."""
