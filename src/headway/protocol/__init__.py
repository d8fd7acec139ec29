"""The words and manners of the two links, sans-I/O: both ends of each, fed with frames and instants. Pure."""
