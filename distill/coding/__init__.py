"""Coders that really write: lossless ones, learned ones, and the codec that sends a bottleneck's code as bytes."""
