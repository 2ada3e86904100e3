"""Where the networks of a run stand on the information plane, beside what is known of the best."""

from distill.ui import information_plane, opening

state = opening.open_page(
    "Information plane",
    "Where does each network stand, and how far from the best?",
    "Drag β to walk along the learned curve; the square marks all that is needed and nothing more.",
)
information_plane.page(state)
