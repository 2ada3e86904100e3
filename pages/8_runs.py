"""What has been trained, what is being trained, and what to do with it."""

from distill.ui import opening, runs

state = opening.open_page(
    "Runs",
    "What has been trained on this machine?",
    "Click a run to explore it; “More” continues one that was stopped, deletes one, or takes it to a notebook.",
)
runs.page(state)
