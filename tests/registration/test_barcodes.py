import pytest
import zxingcpp
from PIL import Image, ImageDraw

from registration.barcodes import CODE128_QUIET, code128_rectangles, code128_widths, qr_rectangles, qr_svg
from registration.references import format_reference, make_reference


def drawn(text: str, module: int = 3) -> Image.Image:
    image = Image.new("L", ((sum(code128_widths(text)) + 2 * CODE128_QUIET) * module, 90), 255)
    draw = ImageDraw.Draw(image)
    for x, _y, width, _height in code128_rectangles(text):
        left = (CODE128_QUIET + x) * module
        draw.rectangle((left, 0, left + width * module - 1, 90), fill=0)
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


def test_qr_code_is_read_back_from_its_rectangles():
    rectangles, side = qr_rectangles("F9299MT66-2-1")
    image = Image.new("L", ((side + 8) * 3, (side + 8) * 3), 255)
    for x, y, width, height in rectangles:
        box = [3 * (each + 4) for each in (x, y, x + width, y + height)]
        ImageDraw.Draw(image).rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=0)
    assert [code.text for code in zxingcpp.read_barcodes(image)] == ["F9299MT66-2-1"]
    assert side == 21


def test_drawings_are_named_for_those_who_do_not_see_them():
    assert "<title>Mã QR</title>" in qr_svg("7K3Q-9M2D-X", "Mã QR")


def test_drawings_escape_their_name():
    assert "<b>" not in qr_svg("x", "<b>&")
