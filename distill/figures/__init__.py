"""Figures: one file a figure. Labelled arrays and a Choice in, a plotly Figure out; nothing else."""

from distill.registry import lazily

__getattr__ = lazily("figures")
