"""Where the networks of a run stand on the information plane, beside what is known of the best."""

from distill.ui import information_plane, opening

state = opening.open_page("Information plane", *information_plane.question_and_hint())
information_plane.page(state)
