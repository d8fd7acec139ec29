"""The process people talk to: REST, the viewers' stream, where workers connect, and the built-in page."""
