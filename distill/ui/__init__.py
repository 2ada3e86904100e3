"""Streamlit lives here: the stage, the state behind a link, the sidebar, what a person takes away."""
