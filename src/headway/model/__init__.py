"""What is true: documents, events, commands, and the rules between them. Pure: no I/O, no clock, no randomness."""
