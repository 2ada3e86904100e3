"""Links between the pages: found in their folder, each carrying what is being looked at."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).resolve().parents[2]
_follow = st.components.v2.component(
    "distill.links", js=(HERE / "assets" / "links.js").read_text("utf-8"), isolate_styles=False
)


class Home(st.Page):
    """The home page with an address that holds from every page, in a new tab too (Streamlit's own is "")."""

    @property
    def url_path(self) -> str:
        """The folder that the pages lie in, relative to any of them."""
        return "./"


def pages() -> list[Path]:
    """The files in pages/, in the order of their numbers."""
    return sorted((HERE / "pages").glob("[0-9]*_*.py"), key=lambda path: (int(path.stem.split("_")[0]), path.stem))


def name_of(page: Path) -> str:
    """What a page is called in the navigation: 2_latent_space.py is "Latent space"."""
    return re.sub(r"^\d+_", "", page.stem).replace("_", " ").capitalize()


def home(label: str, params: Mapping[str, str], **options: Any) -> None:  # noqa: ANN401
    """A link to the home page."""
    st.page_link(Home("app.py", title="Explore", default=True), label=label, query_params=dict(params), **options)


def draw(page: str, params: Mapping[str, str]) -> None:
    """The row of links, each with these query parameters; `page` is the name of the one now shown.

    A fragment cannot draw outside of itself, so the links follow a later change of the address in the browser.
    """
    home("Explore", params)
    for path in pages():
        st.page_link(f"pages/{path.name}", label=name_of(path), query_params=dict(params))
    drawn = {"page": page, "seen": st.query_params.to_dict(), "params": dict(params)}
    _follow(key="distill-follow", data=drawn, height=1)
