"""The registry: variants are the files of a folder, and a wrong name says which there are."""

from pathlib import Path

import pytest

from distill import registry
from distill.errors import UnknownName

FOLDERS = ["datasets", "objectives", "measures", "figures"]
HERE = Path(registry.__file__).parent


@pytest.mark.parametrize("folder", FOLDERS)
def test_names_are_the_files_of_the_folder(folder):
    files = {path.stem for path in (HERE / folder).glob("[!_]*.py")}
    assert files
    assert set(registry.names(folder)) == files
    assert list(registry.names(folder)) == sorted(files)


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_variant_can_be_imported(folder):
    for name in registry.names(folder):
        assert registry.module(folder, name).__name__ == f"distill.{folder}.{name}"


@pytest.mark.parametrize("folder", ["measures", "figures"])
def test_public_names_are_unlike_their_files_and_each_is_there_once(folder):
    listed = [name for each in registry.names(folder) for name in registry.module(folder, each).__all__]
    assert len(set(listed)) == len(listed)
    assert not set(listed) & set(registry.names(folder))
    assert set(registry.public(folder)) == set(listed)


def test_a_wrong_name_says_which_there_are_and_which_is_near():
    with pytest.raises(UnknownName) as caught:
        registry.check("datasets", "digit")
    known = ", ".join(registry.names("datasets"))
    assert str(caught.value) == f"unknown data set 'digit'; known: {known}; did you mean 'digits'?"
    with pytest.raises(UnknownName, match=r"^unknown objective 'zzz'; known: beta_vae, .*[a-z]$"):
        registry.module("objectives", "zzz")


@pytest.mark.parametrize("name", ["../config", "__init__", "_hidden", "digits.py", "", None, 3])
def test_nothing_but_a_variant_is_ever_imported(name):
    with pytest.raises(UnknownName):
        registry.module("datasets", name)
