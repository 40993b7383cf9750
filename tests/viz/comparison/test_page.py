"""The page of a comparison stands alone, and says all that the record holds."""

import re

from minidet.viz.comparison import write_page
from tests.viz.explain.test_page import read

from .records import model, record

EVIL = "<script>alert('x')</script>"


def test_the_page_holds_all_it_shows():
    page = write_page(record())
    reader = read(page)
    assert len([source for source in reader.sources if source.startswith("data:image/png")]) == 3
    assert reader.tags.count("section") == 5
    assert "script" not in reader.tags
    assert not re.search(r"https?://|@import|url\(", page)
    for words in ("<title>minidet compare: Faster R-CNN, SSD on digits</title>", "400 pictures of the test split",
                  "5 minutes each", "The claim holds.", "A is more accurate.", "B is faster.", "A note.",
                  "0.800 (0.780 to 0.830)", "<td class=\"number\">1.23 M</td>", "runs/ssd"):  # fmt: skip
        assert words in page, words


def test_names_are_text():
    page = write_page(record(model("ssd", EVIL, 0.5, 2.0), model("yolo", "b", 0.4, 3.0), notes=[EVIL], data=EVIL))
    assert "<script>" not in page


def test_without_the_claims_detectors_no_paper_is_named():
    assert "Huang et al." in write_page(record())
    assert "Huang et al." not in write_page(record(claim=""))


def test_pictures_are_closed():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    write_page(record())
    assert plt.get_fignums() == before
