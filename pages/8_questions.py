"""The five questions of the field, each with one figure."""

from distill.ui import opening, questions

state = opening.open_page("Questions", *questions.question_and_hint())
questions.page(state)
