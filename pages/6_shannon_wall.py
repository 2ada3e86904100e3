"""Nothing gets below the entropy: what every coder really writes, what knowing more costs, and what losing buys."""

from distill.ui import opening, wall

state = opening.open_page("Shannon wall", *wall.question_and_hint())
wall.page(state)
