"""The designed sentences: what they say is what their factors say, factors owe one another nothing, words add up."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from conftest import SMALL, loaded, trained

from distill import datasets
from distill.config import SweepConfig
from distill.datasets import sentences
from distill.errors import InvalidValue
from distill.measures import factors

SPLITS = ("noun", "item")
every_split = pytest.mark.parametrize("split", SPLITS)
MAKER = Path(sentences.FILE).parents[1] / "make_sentences.py"


@pytest.fixture(scope="module")
def stored():
    with np.load(sentences.FILE) as file:
        return {name: file[name] for name in file.files}


@pytest.fixture(scope="module")
def data():
    return {split: datasets.load("sentences", split=split) for split in SPLITS}


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_sentences", MAKER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def nouns(texts):
    """The word after the article."""
    return np.array([text.split(" the ")[1].split(" ")[0] for text in texts])


def value(data, factor, item):
    return data.classes[factor][data.factors[factor][item]]


@every_split
def test_there_are_1440_different_sentences_of_256_numbers_and_the_title_says_the_split(data, split):
    found = data[split]
    assert found.inputs.shape == (1440, 256)
    assert len(set(found.texts)) == len(np.unique(found.inputs, axis=0)) == 1440
    assert (len(found.train), len(found.test)) == (1080, 360)
    assert found.title == {"noun": "Sentences, new nouns", "item": "Sentences, known nouns"}[split]


def test_the_default_tests_on_new_nouns(data):
    assert np.array_equal(loaded("sentences").test, data["noun"].test)


def test_a_sentence_says_what_its_factors_say(data):
    found = data["noun"]
    for item, text in enumerate(found.texts):
        said = {name: value(found, name, item) for name in sentences.FACTORS}
        who, past, third = said["subject"], said["tense"] == "past", said["subject"] == "she"
        rest = f"the {nouns([text])[0]} {'was' if past else 'is'} {said['adjective']}"
        if said["form"] == "question":
            assert text == f"{'Did' if past else 'Does' if third else 'Do'} {who} think {rest}?"
        else:
            assert text == f"{who.capitalize()} {'thought' if past else 'thinks' if third else 'think'} {rest}."
        good = said["adjective"] in ("wonderful", "excellent", "lovely")
        assert said["sentiment"] == ("good" if good else "bad")


def test_a_topic_has_sixteen_nouns_of_its_own_each_with_every_factor_equally_often(data):
    found = data["noun"]
    noun = nouns(found.texts)
    assert [len(set(noun[found.factors["topic"] == topic])) for topic in range(5)] == [16] * 5
    for each in np.unique(noun):
        own = noun == each
        assert np.ptp(found.factors["topic"][own]) == 0
        for factor in ("sentiment", "tense", "subject", "form", "adjective"):
            counts = np.bincount(found.factors[factor][own])
            assert counts.tolist() == [18 // len(found.classes[factor])] * len(found.classes[factor])


@every_split
def test_every_combination_of_factors_stands_thrice_in_training_and_once_in_test(data, split):
    found = data[split]
    sizes = [len(found.classes[name]) for name in sentences.FACTORS]
    for part, times in ((found.train, 3), (found.test, 1)):
        codes = np.ravel_multi_index([found.factors[name][part] for name in sentences.FACTORS], sizes)
        counts = np.unique(codes, return_counts=True)[1]
        assert counts.tolist() == [times] * 360  # 5 · 2 · 2 · 3 · 2 · 3


def test_new_nouns_are_new_and_known_nouns_are_known(data):
    train, test = ({*nouns(data["noun"].texts)[part]} for part in (data["noun"].train, data["noun"].test))
    assert (len(train), len(test), train & test) == (60, 20, set())
    train, test = ({*nouns(data["item"].texts)[part]} for part in (data["item"].train, data["item"].test))
    assert len(train) == 80 and test <= train


def test_the_script_writes_the_sentences_that_are_shipped(stored, maker):
    codes, noun, group = maker.design()
    words = [each.split() for each in maker.NOUNS.values()]
    texts = [maker.sentence(words[row[0]][i], *row[1:]) for row, i in zip(codes, noun, strict=True)]
    assert texts == stored["text"].tolist()
    assert np.array_equal(codes, stored["codes"]) and np.array_equal(group, stored["group"])
    assert np.array_equal(codes[:, 0] * 16 + noun, stored["noun"])
    assert tuple(maker.NOUNS) == sentences.CLASSES["topic"] and sentences.CLASSES["subject"] == maker.SUBJECTS
    assert sentences.FILE.with_suffix(".LICENSE.txt").exists()


def test_inputs_are_the_vectors_that_are_shipped(data, stored):
    found = data["noun"]
    original = found.inputs * found.scale + found.offset
    assert abs(original - stored["vectors"].astype(float)).max() < 1e-6


def of_words(stored, text):
    """The embedding of a text put together from its words: the sum of their tokens' vectors over the tokens."""
    places = [stored["words"].tolist().index(word) for word in text.split(" ")]
    return stored["sums"][places].astype(float).sum(0) / stored["tokens"][places].sum()


def test_an_embedding_is_the_mean_of_its_tokens_vectors(stored):
    for item in range(0, 1440, 7):
        assert abs(of_words(stored, stored["text"][item]) - stored["vectors"][item].astype(float)).max() < 2e-3


@pytest.mark.parametrize("item", [0, 5, 333, 1439])
def test_a_part_is_the_change_when_a_word_gives_way_to_the_mean_of_those_in_its_place(data, stored, item):
    found, words = data["noun"], data["noun"].texts[item].split(" ")
    as_lists = [text.split(" ") for text in found.texts]
    for place in range(1, len(words) + 1):  # from the end
        there, often = np.unique([each[-place] for each in as_lists if len(each) >= place], return_counts=True)
        changed = [[*words[:-place], str(other), *words[len(words) - place + 1 :]] for other in there]
        mean = np.average([of_words(stored, " ".join(each)) for each in changed], axis=0, weights=often)
        expected = (mean - of_words(stored, found.texts[item])) / found.scale
        assert abs(found.parts[item, len(words) - place] - expected).max() < 1e-5


def test_the_article_matters_nothing_and_what_is_no_word_neither(data):
    found = data["noun"]
    article = [text.split(" ").index("the") for text in found.texts]
    assert found.parts.shape == (1440, 7, 256) and found.parts.dtype == np.float32
    assert abs(found.parts[np.arange(1440), article]).max() < 1e-5
    assert not found.parts[found.factors["form"] == 0, 6].any()  # a statement has six words
    assert (abs(found.parts[found.factors["form"] == 1, 6]).max(1) > 0.1).all()


@every_split
@pytest.mark.parametrize("factor", sentences.FACTORS)
def test_a_linear_probe_reads_every_factor_off_the_vectors(data, split, factor):
    from sklearn.linear_model import LogisticRegression

    found = data[split]
    codes = found.factors[factor]
    probe = LogisticRegression(max_iter=1000).fit(found.inputs[found.train], codes[found.train])
    score = probe.score(found.inputs[found.test], codes[found.test])
    assert score == pytest.approx(1.0, abs=0.01)  # with new nouns topic .997, subject .992, others 1; else all 1


@pytest.mark.parametrize("split", ["words", "", None, 1])
def test_another_split_is_refused_with_those_there_are(split):
    with pytest.raises(InvalidValue, match=f"split must be 'noun' or 'item'; got {split!r}"):
        datasets.load("sentences", split=split)


def test_a_run_carries_the_text_of_its_items(own_store, data):
    small = SweepConfig(dataset="sentences", betas=(0.1,), latent_dim=3, epochs=1, snapshots=2, **SMALL)
    run = trained(small, own_store)
    assert run["text"].dims == ("point",) and run["text"].dtype.kind == "U"
    assert run["text"].values.tolist() == [data["noun"].texts[i] for i in run["point"].values]
    assert run.attrs["dataset_title"] == "Sentences, new nouns"
    assert not {"feature_name", "feature_offset", "feature_scale"} & {*run.variables}


def test_a_run_of_a_table_carries_its_columns(own_store):
    small = SweepConfig(dataset="penguins", betas=(0.1,), latent_dim=3, epochs=1, snapshots=2, **SMALL)
    run, table = trained(small, own_store), loaded("penguins")
    assert run["feature_name"].values.tolist() == list(table.features)
    for name in ("feature_offset", "feature_scale"):
        assert run[name].dims == ("feature",) and run[name].values == pytest.approx(getattr(table, name))
    assert "text" not in run.variables


@pytest.mark.slow
@pytest.mark.parametrize(("split", "topic"), [("noun", (0.88, 0.77, 0.49)), ("item", (0.99, 0.96, 0.79))])
def test_asked_for_the_topic_a_code_keeps_it_and_nothing_else_and_less_of_it_for_new_nouns(own_store, split, topic):
    """Shares of their bits at β = .001, .03, .4; means of three seeds, which lay within .03, .03 and .06 of them."""
    asked = SweepConfig(dataset="sentences", dataset_options={"split": split}, betas=(0.001, 0.03, 0.4), snapshots=2,
                        device="cpu", threads=1)  # fmt: skip
    found = factors(trained(asked, own_store, finished=True))
    assert abs(found["share"].sel(factor="topic") - topic).max() < 0.12
    for other in sentences.FACTORS[1:]:
        assert (found["share"].sel(factor=other) < 0.02).all(), other
