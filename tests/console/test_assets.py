"""Files of the page: ours and uPlot's, which is what its authors published."""

import gzip
import hashlib
from importlib.resources import files

import pytest

from tidegate.console.assets import PLACE, Assets, takes_gzip

UPLOT = {
    "uplot.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uplot.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "uplot-LICENSE.txt": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
"""uPlot 1.6.32 as published: dist/uPlot.iife.min.js, dist/uPlot.min.css and LICENSE (MIT)."""


def test_uplot_is_what_its_authors_published():
    static = files("tidegate.console") / "static"

    assert {name: hashlib.sha256((static / name).read_bytes()).hexdigest() for name in UPLOT} == UPLOT


def test_a_file_is_found_under_the_name_of_what_is_in_it_and_no_other():
    assets = Assets()
    found = assets.find(f"{assets.folder}/console.css")

    assert found is not None
    assert gzip.decompress(found.packed) == found.plain
    for path in (
        f"{PLACE}/console.css",
        f"{PLACE}/0000000000000000/console.css",
        f"{assets.folder}/none.css",
        f"{assets.folder}/../pages.py",
        f"{assets.folder}/uplot-LICENSE.txt",
        f"{assets.folder}/",
    ):
        assert assets.find(path) is None


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (b"gzip, deflate, br", True),
        (b"GZIP", True),
        (b"gzip;q=0.5", True),
        (b"gzip;q=0", False),
        (b"gzip; q=0.0", False),
        (b"br", False),
        (b"x-gzip", False),
        (b"", False),
    ],
)
def test_packed_only_for_those_who_take_it(header, taken):
    assert takes_gzip(header) is taken


def test_the_page_weighs_less_than_its_budget():
    packed = sum(
        len(gzip.compress(place.read_bytes()))
        for place in (files("tidegate.console") / "static").iterdir()
        if place.name.endswith((".js", ".css", ".svg"))
    )

    assert packed < 60_000
