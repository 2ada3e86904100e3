"""Plain networks, layer by layer, as they learn."""

from distill.ui import layers, opening

state = opening.open_page(
    "Layers",
    "Do networks compress by themselves?",
    "Drag the training; compare tanh with ReLU, and one estimator with the next.",
)
layers.page(state)
