"""The picture itself is read back: its path is painted onto pixels and handed to a QR reader."""

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from portal.qr import qr_svg
from registration.barcodes import QR_QUIET

PIXELS_PER_MODULE = 6


def read_svg(svg: str) -> list[str]:
    """What a QR reader sees in the dark rectangles that the SVG paints on its light ground."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])
    picture = Image.new("L", (side * PIXELS_PER_MODULE,) * 2, 255)
    draw = ImageDraw.Draw(picture)
    dark = re.search(r'fill="#000" d="([^"]*)"', svg)[1]
    for x, y, width in (map(int, run) for run in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", dark)):
        corners = [x, y, x + width, y + 1]
        left, top, right, bottom = (corner * PIXELS_PER_MODULE for corner in corners)
        draw.rectangle([left, top, right - 1, bottom - 1], fill=0)
    return [code.text for code in zxingcpp.read_barcodes(picture)]


@pytest.mark.parametrize("text", ["https://play.google.com/store/apps/details?id=com.bhxhapp", "7K3Q9M2DX", "Quận 3"])
def test_qr_svg_reads_back_as_its_text(text):
    assert read_svg(qr_svg(text, title="code")) == [text]


def test_qr_svg_has_a_name_and_nothing_that_the_policy_forbids():
    svg = qr_svg("x", title='the "shop" <1>')
    assert 'role="img"' in svg
    assert 'aria-label="the &quot;shop&quot; &lt;1&gt;"' in svg
    assert "style" not in svg
    assert "<script" not in svg


def test_qr_svg_keeps_the_quiet_zone_clear():
    svg = qr_svg("x", title="code")
    starts = [(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h", svg.split('fill="#000"')[1])]
    assert min(x for x, _y in starts) == QR_QUIET
    assert min(y for _x, y in starts) == QR_QUIET
