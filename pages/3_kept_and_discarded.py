"""What a code keeps, what it gives up, and who decides."""

from distill.ui import kept, opening

state = opening.open_page("Kept and discarded", *kept.question_and_hint())
kept.page(state)
