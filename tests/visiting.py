"""A page as a visitor with a link meets it, and what is read off it."""

import re
from pathlib import Path

from streamlit.testing.v1 import AppTest

HOME = Path(__file__).resolve().parents[1]


def opened(page="", **params):
    """The page in this file (the home page where none is named), with these query parameters."""
    app = AppTest.from_file(str(HOME / "app.py"), default_timeout=120)
    app.query_params.update(params)
    return (app.switch_page(page) if page else app).run()


def texts(app):
    """What the page's own HTML says, without the tags."""
    return " ".join(re.sub(r"<[^>]*>", "", block.proto.body) for block in app.get("html"))


def of(widgets, key):
    """The first widget whose key begins so; None where there is none."""
    return next((each for each in widgets if each.key and each.key.startswith(key)), None)


def find(widgets, key):
    """The widget whose key is this, but for what follows a hyphen."""
    return next(each for each in widgets if each.key and each.key.split("-")[0] == key)
