"""A page shows text as text, and holds its pictures."""

import base64
import re

from minidet.viz.document import document, embedded, text

EVIL = "<script>alert('x')</script>\"&\x1b[31m"


def test_text_does_nothing_but_show():
    assert text(EVIL) == "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&quot;&amp; [31m"
    assert text(3) == "3"


def test_a_picture_is_inside():
    img = embedded(b"\x89PNG", EVIL, 30, 20, sharp=True)
    assert base64.b64decode(re.search(r"base64,([^\"]+)", img)[1]) == b"\x89PNG"
    assert '<img class="sharp"' in img
    assert 'width="30" height="20"' in img
    assert "<script>" not in img
    assert "class" not in embedded(b"", "", 1, 1)


def test_the_page_runs_and_fetches_nothing():
    page = document(EVIL, "<p>body</p>")
    assert page.startswith("<!doctype html>")
    assert "default-src 'none'" in page
    assert "<p>body</p>" in page
    assert "<script" not in page
