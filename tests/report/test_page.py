"""The page by itself: what it holds, that it needs nothing else, and that browsers show it."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from fourierpathfinder import Direct, find_path
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.rates import mode_movie, reaction_rates
from fourierpathfinder.report import Report, report_html, report_of
from fourierpathfinder.report.drawing import Frame, round_numbers
from fourierpathfinder.report.viewer import viewer

from .browser import needs_chromium, opened


@pytest.fixture(scope="module")
def report(hop):
    landscape, result = hop
    rates = reaction_rates(landscape, result, [300, 500])
    return replace(report_of(result), rates=rates, mode=mode_movie(rates.saddle), title="a hop")


def pictures(page):
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", page, re.S)]


def test_numbers_pictures_and_rates_are_there(report, hop):
    page = report_html(report)
    assert f"{hop[1].barrier:.4f} eV" in page
    assert "ΔG at 300 K" in page
    assert "Vineyard" in page
    assert "How to cite" in page
    levels, profile = pictures(page)
    dots = [dot[0].text for dot in profile.iter("circle")]
    assert sum("evaluation" in dot for dot in dots) == len(hop[1].evaluations)
    assert len(list(levels.iter("polyline"))) == 2 * (3 + 2)


def test_nothing_is_fetched(report):
    page = report_html(report)
    assert "default-src 'none'" in page
    assert not re.findall(r"<(?:script|img|link|iframe)[^>]*(?:src|href)=\"(?!data:)", page)


def test_what_the_user_names_is_no_markup():
    page = report_html(Report(None, title="<b>", problem="<script>alert(1)</script>"))
    assert "<b>" not in page
    assert "<script>alert" not in page


def test_a_landscape_without_atoms_has_no_viewer_and_no_units():
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    page = result._repr_html_()
    assert page.startswith("<iframe")
    assert "3Dmol" not in page.partition("How to cite")[0]
    assert "eV" not in page.partition("How to cite")[0]


def test_a_notebook_shows_the_same_page(hop):
    from html import unescape

    inside = re.search(r'srcdoc="(.*?)" sandbox', hop[1]._repr_html_(), re.S)[1]
    assert unescape(inside) == report_html(report_of(hop[1]))


def test_heights_that_are_no_numbers_leave_the_pictures_out(hop):
    page = report_html(Report(replace(hop[1], height=np.nan)))
    assert not pictures(page)


def test_small_barriers_keep_three_digits_and_zeros_have_no_sign(hop):
    start, height = hop[1].start_value, hop[1].height
    scale = 1.7e-4 / (height - start)
    small = replace(
        hop[1], height=start + 1.734e-4, end_value=start - 3e-10,
        heights=start + scale * (hop[1].heights - start), height_error=1e-7,
    )  # fmt: skip
    page = report_html(report_of(small))
    levels, profile = pictures(page)
    assert "<td>0.000173 eV" in page
    assert "-0.0000" not in page
    assert [told for told in words(levels) if told.endswith(" eV")] == [
        "0.000000 eV", "0.000173 eV", "0.000000 eV",
    ]  # fmt: skip
    assert "0.0001734 eV" in words(profile)


def test_no_digits_are_shown_that_are_not_known(hop):
    """A way downhill has a barrier of rounding errors, which asked for twelve decimals."""
    start = hop[1].start_value
    downhill = replace(hop[1], height=start + 1e-9, end_value=start, height_error=8e-6)
    page = report_html(report_of(downhill))
    assert "<td>0.0000000 eV (± 8e-06)" in page
    assert not re.search(r"\d\.\d{8,} eV", page)


@pytest.mark.parametrize("top", [1e-7, 1.7e-4, 0.4, 50, 2.9e5])
def test_numbers_of_an_axis_do_not_reach_its_label(top):
    frame = Frame((0, 1), (-0.08 * top, 1.25 * top))
    drawn = ElementTree.fromstring(frame.svg([frame.axes("x", "y")], "a frame"))
    numbers = [text for text in drawn.iter("text") if text.get("text-anchor") == "end"]
    assert numbers
    for number in numbers:  # 12 px letters are at most 7.5 wide; the label stands in 2 to 18
        assert float(number.get("x")) - 7.5 * len(number.text) >= 18


def test_the_cell_is_drawn_as_it_is_in_each_frame(hop):
    images = [hop[1].to_atoms()[0].copy() for _ in range(3)]
    assert len(films(images)[0]["edges"]) == 1
    images[2].set_cell(images[2].cell * [[2], [1], [1]], scale_atoms=True)
    first, _, last = films(images)[0]["edges"]
    longest = [max(abs(a["x"] - b["x"]) for a, b in edges) for edges in (first, last)]
    assert longest[1] == pytest.approx(2 * longest[0], rel=1e-3)


def words(picture):
    return [text.text for text in picture.iter("text") if text.text]


def films(images):
    return json.loads(re.search(r'id="films">(.*?)</script>', viewer(images, ()), re.S)[1])


def test_ticks_are_round():
    assert round_numbers(-0.05, 1.02) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    assert round_numbers(-3e-7, 3e-7) == pytest.approx(np.arange(-3, 4) * 1e-7)


@needs_chromium
@pytest.mark.slow
def test_a_browser_draws_the_atoms_without_a_complaint(report, tmp_path):
    place = tmp_path / "report.html"
    place.write_text(report_html(report), encoding="utf-8")
    console, picture = opened(place, tmp_path)
    assert console == []
    red, green, blue = np.moveaxis(picture, -1, 0)
    gold = (red > 0.5) & (green > 0.4) & (blue < 0.3)  # no other part of the page is yellow
    assert gold.sum() > 200
    console, page = opened(place, tmp_path, dump=True)
    assert console == []
    assert 'data-drawn="13"' in page


@needs_chromium
@pytest.mark.slow
def test_complaints_would_be_seen(tmp_path):
    place = tmp_path / "bad.html"
    page = report_html(Report(None, title="a page that fetches"))
    place.write_text(page.replace("</body>", '<img src="https://example.org/x.png"></body>'))
    console, _ = opened(place, tmp_path, dump=True)
    assert any("example.org" in line for line in console)


@needs_chromium
@pytest.mark.slow
def test_words_too_long_for_a_line_are_broken(report, tmp_path):
    long = replace(
        report, title="name_" * 80, facts={"a fact": "x" * 400}, settings={"file": "/place" * 80},
        remarks=["y" * 400], problem="z" * 400, mode=(), images=(),
    )  # fmt: skip
    place = tmp_path / "long.html"
    measured = "<script>document.body.dataset.wide = document.documentElement.scrollWidth</script>"
    place.write_text(report_html(long).replace("</body>", f"{measured}</body>"), encoding="utf-8")
    _, page = opened(place, tmp_path, dump=True)
    assert int(re.search(r'data-wide="(\d+)"', page)[1]) <= 1200
