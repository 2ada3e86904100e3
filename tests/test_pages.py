"""Every page, run by Streamlit's own test client: with a good link, a wrong one, an empty store and a damaged run."""

import re
import shutil
from pathlib import Path

import pytest
import synthetic
from streamlit.testing.v1 import AppTest

from distill import jobs, palette, store
from distill.config import SweepConfig
from distill.errors import DistillError
from distill.ui import links, opening, runs

HOME = Path(__file__).resolve().parents[1]
PAGES = ["app.py", *(f"pages/{path.name}" for path in links.pages())]
LINKS = {
    "nothing": {},
    "everything": {"data": "digits", "objective": "vib", "beta": "0.01", "step": "100"},
    "wrong": {"run": "../../etc", "data": "mnst", "objective": "vip", "beta": "-3", "step": "last", "utm_source": "x"},
    "a look": {"colour": "ink", "map": "pca", "split": "train"},
    "no such look": {"colour": "<b>", "map": "tsne", "split": "valid"},
    "no such run": {"run": "000000000000", "beta": "0.5"},
}


@pytest.fixture(autouse=True)
def own_store(tmp_path, monkeypatch):
    """A store of its own and no worker."""
    monkeypatch.setenv("DISTILL_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("DISTILL_NO_WORKER", "1")
    queue = jobs.Queue()
    monkeypatch.setattr(queue, "_wake", lambda: None)  # jobs are queued and nobody takes them
    monkeypatch.setattr(jobs, "queue", lambda: queue)


def opened(page, params=None):
    """The page as a visitor with this link sees it."""
    app = AppTest.from_file(str(HOME / "app.py"), default_timeout=60)
    app.query_params.update(params or {})
    if page != "app.py":
        app.switch_page(page)
    return app.run()


def texts(app):
    """What the page's own HTML says, without the tags."""
    return [re.sub(r"<[^>]*>", "", block.proto.body) for block in app.get("html")]


def button(app, key):
    return next(each for each in app.button if each.key == key)


def synthetic_run(steps_done=1, **fields):
    """A run in the store, of a configuration with these fields, with so many snapshots of its five."""
    config = SweepConfig(**fields)
    attrs = {"config": config.to_json(), "id": config.id, "title": "Digits, VIB"}
    store.create(store.place_of(config), synthetic.snapshot(0).assign_attrs(attrs))
    for i in range(1, steps_done):
        store.append(store.place_of(config), synthetic.snapshot(10 * i))
    return config


@pytest.mark.parametrize("params", LINKS.values(), ids=LINKS)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_with_any_link(page, params):
    app = opened(page, params)
    assert not app.exception
    assert any("question" in block.proto.body and "?" in block.proto.body for block in app.get("html"))


@pytest.mark.parametrize("page", PAGES)
def test_a_wrong_link_is_answered_in_sentences(page):
    said = "\n".join(texts(opened(page, LINKS["wrong"])))
    for words in ("../../etc", "Unknown data set &#x27;mnst&#x27;", "Unknown objective", "β = -3", "Step = last"):
        assert words in said


@pytest.mark.parametrize("page", PAGES)
def test_each_page_links_to_every_page_and_hands_on_what_is_looked_at(page):
    app = opened(page, LINKS["everything"])
    found = {each.proto.label: each.proto for each in app.get("page_link")}
    assert {"Explore", *(links.name_of(path) for path in links.pages())} <= set(found)
    assert found["Explore"].page == "./"
    assert "beta=0.01" in found["Runs"].query_string and "step=100" in found["Runs"].query_string


def test_what_a_link_says_is_shown_as_text_only():
    app = opened("pages/8_runs.py", {"data": "![x](http://example.org/x.png)<img src=x>"})
    (said,) = [block.proto.body for block in app.get("html") if "Unknown data set" in block.proto.body]
    assert "<img" not in said and "&lt;img" in said


def test_an_error_that_escapes_becomes_its_sentence():
    def script():
        from distill.errors import DistillError
        from distill.ui import opening

        with opening.guarded():
            raise DistillError("the disk is full")

    app = AppTest.from_function(script).run()
    assert not app.exception and texts(app) == ["The disk is full"]
    with pytest.raises(ZeroDivisionError), opening.guarded():
        raise ZeroDivisionError


def test_the_colours_of_mark_and_style_are_the_palette():
    for name in ("icon.svg", "ui.css"):
        text = (HOME / "assets" / name).read_text("utf-8")
        pairs = re.findall(r"light-dark\((#\w+), ?(#\w+)\)", text)
        assert pairs and all(palette.DARK[light] == dark for light, dark in pairs)
        assert set(re.findall(r"#[0-9a-f]{6}\b", text)) <= {each for pair in pairs for each in pair}
    assert set(palette.PARTS.values()) <= set(re.findall(r"#\w{6}", (HOME / "assets" / "icon.svg").read_text("utf-8")))


def test_an_empty_store_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(runs.store, "list_runs", lambda: [])
    said = " ".join(texts(opened("pages/8_runs.py")))
    assert "Nothing has been trained here yet" in said and "press Train" in said and str(tmp_path) in said


def test_a_run_is_listed_with_its_facts_and_a_link():
    config = synthetic_run(3, latent_dim=6)
    app = opened("pages/8_runs.py")
    row = next(text for text in texts(app) if config.id in text)
    assert all(words in row for words in ("βs 33", "K 6", "20 of 40", "stopped"))
    assert f"run={config.id}" in [each.proto.query_string for each in app.get("page_link")]
    assert any(f'distill.open_run("{config.id}")' in code.value for code in app.code)


def test_a_damaged_run_is_named_and_can_be_deleted():
    path = store.place_of(synthetic_run(seed=7))
    (path / "zarr.json").write_text("{")
    app = opened("pages/8_runs.py")
    assert not app.exception
    assert any("damaged" in text and "cannot be opened" in text for text in texts(app))
    button(app, f"delete-{path.name}").click().run()
    assert path.exists()
    button(app, f"confirm-{path.name}").click().run()
    assert not app.exception and not path.exists()
    assert not any(path.name in text for text in texts(app))


def test_a_run_that_is_deleted_leaves_the_link():
    config = synthetic_run(5)
    app = opened("pages/8_runs.py", {"run": config.id, "beta": "0.1"})
    button(app, f"delete-{config.id}").click().run()
    button(app, f"confirm-{config.id}").click().run()
    assert not app.exception
    assert dict(app.query_params) == {"beta": "0.1"}


def test_examples_cannot_be_deleted():
    app = opened("pages/8_runs.py")
    examples = {run.id for run in store.list_runs() if run.example}
    assert not {each.key.removeprefix("delete-") for each in app.button} & examples


def test_a_stopped_run_is_continued_through_the_queue():
    config = synthetic_run(2)
    app = opened("pages/8_runs.py")
    button(app, f"continue-{config.id}").click().run()
    assert not app.exception
    assert [job.id for job in jobs.queue().jobs()] == [config.id]
    assert any("about to start" in text or "waiting" in text for text in texts(app))


def test_queued_jobs_are_paused_resumed_and_stopped():
    job = jobs.queue().submit(SweepConfig(seed=5))
    app = opened("pages/8_runs.py")
    for word, status in (("pause", "paused"), ("resume", "queued"), ("stop", "stopped")):
        button(app, f"{word}-{job.id}").click().run()
        assert not app.exception and job.status == status
    assert not any(each.key == f"stop-{job.id}" for each in app.button)


def test_a_store_that_cannot_be_written_is_one_sentence(monkeypatch):
    config = synthetic_run(2)

    def refuse(config):
        raise DistillError("cannot write in /nowhere; set DISTILL_STORE to a folder that you may write in")

    app = opened("pages/8_runs.py")
    monkeypatch.setattr(jobs, "submit", refuse)
    button(app, f"continue-{config.id}").click().run()
    assert not app.exception and any("set DISTILL_STORE" in text for text in texts(app))


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 kB"), (43_800, "44 kB"), (2_340_000, "2.3 MB"), (999_900, "1.0 MB"), (104e9, "104 GB")]
)
def test_sizes_are_short(count, text):
    assert runs.size(count) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (59.4, "59 s"), (60, "1 min"), (7800, "2 h 10 min")])
def test_durations_are_short(seconds, text):
    assert runs.duration(seconds) == text


def test_settings_are_in_words_and_short():
    table = [[0.3, 0.05], [0.04, 0.2], [0.1, 0.31]]
    config = SweepConfig(dataset="joint", dataset_options={"p": table}, hidden=(), batch_size=64)
    assert runs.settings(config) == "p 3 × 2 table, hidden none, batch size 64"
    assert "rho 0.9 0.5" in runs.settings(SweepConfig(dataset="gaussian", dataset_options={"rho": [0.9, 0.5]}))


def test_an_example_that_was_trained_here_too_is_listed_once():
    shipped = next(run for run in store.list_runs() if run.example)
    path = store.root() / shipped.id
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(shipped.path, path)
    app = opened("pages/8_runs.py")
    assert not app.exception
    assert sum(f"={shipped.id}" in each.proto.query_string for each in app.get("page_link")) == 1
