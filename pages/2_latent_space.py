"""How the codes lie, and what moves when they are squeezed."""

from distill.ui import latent, opening

state = opening.open_page("Latent space", latent.QUESTION, latent.HINT)
latent.page(state)
