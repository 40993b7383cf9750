"""The page stands alone: nothing is fetched, nothing runs, whatever names and captions hold."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from minidet.viz.explain import Bars, Picture, Stage, write_page
from minidet.viz.explain.page import seconds

EVIL = "<script>alert('x')</script>\"&\x1b[31m"


class Reader(HTMLParser):
    """Collect the tags that a browser sees."""

    def __init__(self):
        super().__init__()
        self.tags, self.sources, self.links = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href", "srcset")]


def read(page):
    reader = Reader()
    reader.feed(page)
    return reader


def test_the_page_holds_all_it_shows():
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    stages = [Stage(EVIL, EVIL, EVIL, EVIL, 0.25, EVIL, [Picture(pixels, EVIL), Bars([EVIL, "b"], [1.0, np.nan], EVIL)]),
              Stage("two")]  # fmt: skip
    page = write_page(EVIL, EVIL, stages, EVIL)
    reader = read(page)
    assert "script" not in reader.tags
    assert "\x1b" not in page
    assert reader.tags.count("section") == 2
    image, *links = sorted(reader.sources, reverse=True, key=len)
    assert sorted(links) == ["#stage1", "#stage2"]
    data = base64.b64decode(image.removeprefix("data:image/png;base64,"))
    with Image.open(io.BytesIO(data)) as picture:
        np.testing.assert_array_equal(np.asarray(picture), pixels)
    assert not re.search(r"https?://|@import|url\(", page)


def test_it_is_light_and_dark():
    assert "prefers-color-scheme: dark" in write_page("a", "b", [])


@pytest.mark.parametrize(
    ("value", "words"), [(None, "-"), (12.345, "12.3 s"), (0.0123, "12.3 ms"), (2.5e-5, "25 \u00b5s"), (0, "0 \u00b5s")]
)
def test_times(value, words):
    assert seconds(value) == words
