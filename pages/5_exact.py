"""The best that any code of a known distribution can do."""

from distill.ui import exact, opening

state = opening.open_page(
    "Exact",
    "What is the best that anyone can do?",
    "Drag β to the left and watch what the best code tells apart first; then write a table of your own.",
)
exact.page(state)
