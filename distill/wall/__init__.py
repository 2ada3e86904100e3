"""One source sent by every coder: a run of the Shannon wall, from the first file to the network that has learned it."""
