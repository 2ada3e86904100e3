"""Measures: bits out of codes and activations. One subject a file; every public function is reachable from here."""

from distill.registry import lazily

__getattr__ = lazily("measures")
