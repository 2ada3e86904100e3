"""A trained network made smaller: fewer bits a weight, fewer weights, a smaller student; and what is left of it."""

from distill.ui import compressed, opening

state = opening.open_page("Compressed models", *compressed.question_and_hint())
compressed.page(state)
