"""What the pages that look at one trained run share: how often they look again, and what a link asks for in vain."""

import pytest
import streamlit as st
import xarray as xr
from visiting import opened, texts

from distill.ui import looking
from distill.ui.state import State

DIGITS = "2430f1a2ad29"
PAGES = {
    "pages/1_information_plane.py": {}, "pages/2_latent_space.py": {}, "pages/3_kept_and_discarded.py": {},
    "pages/8_questions.py": {}, "pages/1_information_plane.py claims": {"part": "claims"},
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_page_looks_again_while_something_is_added_to_a_run(home, monkeypatch, page):
    """Probes and maps come when the training has ended; a page that looks at training alone would never show them."""
    paces, made = [], st.fragment

    def fragment(function=None, *, run_every=None):
        paces.append(run_every)
        return made(function)

    monkeypatch.setattr(st, "fragment", fragment)
    monkeypatch.setattr(looking, "going", lambda run: ("following", looking.LIVE))
    app = opened(page.split()[0], run=DIGITS, **PAGES[page])
    assert not app.exception and looking.LIVE in paces
    paces.clear()
    monkeypatch.setattr(looking, "going", lambda run: ("", None))
    app.run()
    assert not app.exception and paces and not any(paces)


@pytest.mark.parametrize(
    ("page", "asked"),
    [("pages/2_latent_space.py", {"dimension": "8"}), ("pages/2_latent_space.py", {"item": "450"}),
     ("pages/3_kept_and_discarded.py", {"part": "items", "item": "450"})],
)  # fmt: skip
def test_a_number_in_a_link_that_a_run_does_not_have_is_answered_in_a_sentence(home, page, asked):
    said = texts(opened(page, run=DIGITS, **asked))
    name = "dimension" if "dimension" in asked else "item"
    assert f"{name} = {asked[name]} in the link is not there".lower() in said.lower()
    least = {key: str(int(value) - 1) if key == name else value for key, value in asked.items()}
    assert "is not there" not in texts(opened(page, run=DIGITS, **least))


def test_only_what_is_beyond_a_run_is_said():
    run = xr.Dataset(coords={"point": range(5), "latent": range(2)})
    assert looking.beyond(run, State(item=4, dimension=1), "item", "dimension") == []
    assert looking.beyond(run, State(), "item", "dimension") == []
    (said,) = looking.beyond(run, State(item=5, dimension=1), "item", "dimension")
    assert said == (
        "item = 5 in the link is not there: this run has 5 stored items, counted from 0 to 4. "
        "The default is shown instead."
    )
    assert len(looking.beyond(run, State(item=5, dimension=2), "item", "dimension")) == 2
    assert looking.beyond(run, State(item=5), "dimension") == []


def test_a_place_of_another_pages_slider_is_let_go(monkeypatch):
    """Links between the pages carry the whole address; 400 items sent are no 400 bits a weight."""
    session, written = {}, []
    monkeypatch.setattr(st, "session_state", session)
    monkeypatch.setattr(looking, "remember", written.append)
    wall, shrink = (looking.Told(name, lambda state: "", sliders=("at",)) for name in ("wall", "compressed"))
    assert shrink.own(State(at=400), "wall") == State(at=400)  # a shared link
    wall.write(State(at=400))
    assert shrink.own(State(at=400), "wall") == State() and written == [State()]
    assert wall.own(State(at=400), "compressed") == State(at=400)  # Back
    shrink.write(State(at=8))
    assert shrink.own(State(at=8), "wall") == State(at=8)
    assert wall.own(State(at=8), "compressed") == State()
