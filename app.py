"""The Explore page, the home of the program: streamlit run app.py."""

from distill.ui import explore, opening

state = opening.open_page(
    "Explore",
    "What does a network keep when you squeeze it?",
    "Drag the compression strength β and watch what goes first.",
)
explore.page(state)
