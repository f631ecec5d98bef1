import pytest
import zxingcpp
from PIL import Image, ImageDraw

from registration.barcodes import CODE128_QUIET, code128_svg, code128_widths, qr_svg
from registration.references import format_reference, make_reference


def drawn(text: str, module: int = 3) -> Image.Image:
    widths = code128_widths(text)
    image = Image.new("L", ((sum(widths) + 2 * CODE128_QUIET) * module, 90), 255)
    draw, x = ImageDraw.Draw(image), CODE128_QUIET * module
    for place, width in enumerate(widths):
        if place % 2 == 0:
            draw.rectangle((x, 0, x + width * module - 1, 90), fill=0)
        x += width * module
    return image


@pytest.mark.parametrize("text", ["7K3Q-9M2D-X", "0", " !\"#$%&'()*+,-./:;<=>?", "@AZ[]^_`az{|}~"])
def test_code128_is_read_back(text):
    (code,) = zxingcpp.read_barcodes(drawn(text))
    assert code.format == zxingcpp.BarcodeFormat.Code128
    assert code.text == text


def test_code128_of_many_references_is_read_back():
    for _ in range(50):
        text = format_reference(make_reference())
        assert [code.text for code in zxingcpp.read_barcodes(drawn(text))] == [text]


@pytest.mark.parametrize("text", ["", "Mã số", "a\nb", "\x7f"])
def test_code128_refuses_what_the_set_cannot_hold(text):
    with pytest.raises(ValueError, match="printable ASCII"):
        code128_widths(text)


def test_drawings_are_named_for_those_who_do_not_see_them():
    assert "<title>Mã vạch</title>" in code128_svg("7K3Q9M2DX", "Mã vạch")
    assert "<title>Mã QR</title>" in qr_svg("7K3Q-9M2D-X", "Mã QR")


def test_drawings_escape_their_name():
    assert "<b>" not in code128_svg("x", "<b>&")
    assert "<b>" not in qr_svg("x", "<b>&")
