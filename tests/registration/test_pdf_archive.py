"""What an archive and a program find in the file: PDF/A-3 with its data, PDF/UA with its structure."""

import hashlib
import io
import json
import unicodedata
from xml.etree import ElementTree

import pikepdf
import pytest

from registration.enums import PhotoKind, Status
from registration.fonts import Undrawable
from registration.pdf import render_declaration
from registration.proof import short_hash
from tests.registration.factories import make_correction, make_declaration
from tests.registration.paper import content_of, piped, text_of
from tests.registration.paper import opened as read

pytestmark = pytest.mark.django_db
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
CLAIMS = {
    "{http://www.aiim.org/pdfa/ns/id/}part": "3",
    "{http://www.aiim.org/pdfa/ns/id/}conformance": "B",
    "{http://www.aiim.org/pdfua/ns/id/}part": "1",
}


def opened(declaration) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(content_of(declaration)))


def elements(node, depth=0):
    """Structure elements in reading order."""
    for kid in node if isinstance(node, pikepdf.Array) else [node]:
        if isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
            yield kid
            yield from elements(kid.get("/K", pikepdf.Array([])), depth + 1)


def test_file_claims_archive_and_accessibility_in_one_description():
    pdf = opened(make_declaration())
    xmp = ElementTree.fromstring(pdf.Root.Metadata.read_bytes())
    (rdf,) = xmp.findall(f"{RDF}RDF")
    stated = {name: value for part in rdf for name, value in part.attrib.items() if name in CLAIMS}
    assert stated == CLAIMS
    described = rdf.find(".//{http://www.aiim.org/pdfa/ns/schema#}namespaceURI")
    assert described.text == "http://www.aiim.org/pdfua/ns/id/"


def test_dates_and_title_agree_between_both_kinds_of_metadata():
    declaration = make_declaration()
    pdf = opened(declaration)
    with pdf.open_metadata() as xmp:
        assert xmp["dc:title"] == str(pdf.docinfo["/Title"])
        moment = xmp["xmp:CreateDate"].replace("-", "").replace(":", "").replace("T", "")
    made = f"{declaration.submitted_at:%Y%m%d%H%M%S}"
    assert moment.startswith(made)
    assert str(pdf.docinfo["/CreationDate"]).startswith(f"D:{made}")


def test_colours_fonts_and_identifier_are_in_the_file():
    pdf = opened(make_declaration())
    (intent,) = pdf.Root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert intent.DestOutputProfile.N == 3
    assert "/ID" in pdf.trailer
    for font in pdf.pages[0].Resources.Font.values():
        (descendant,) = font.DescendantFonts
        assert "/FontFile2" in descendant.FontDescriptor
        assert descendant.CIDToGIDMap == "/Identity"
        assert b"beginbf" in font.ToUnicode.read_bytes()


def test_file_has_nothing_that_acts_or_hides():
    pdf = opened(make_declaration())
    assert not pdf.is_encrypted
    forbidden = ("/JavaScript", "/JS", "/Launch", "/OpenAction", "/AA", "/XFA", "/RichMedia", "/URI")
    for thing in pdf.objects:
        if isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            assert not any(name in thing for name in forbidden)
            assert thing.get("/S") not in forbidden
            assert thing.get("/Interpolate", False) is False


def test_data_are_attached_and_their_hash_is_printed():
    declaration = make_declaration()
    pdf = opened(declaration)
    (file,) = pdf.Root.AF
    assert file.AFRelationship == "/Data"
    assert file.UF == file.F == "to-khai.json"
    assert file.EF.F.Subtype == "/application/json"
    assert pdf.Root.Names.EmbeddedFiles.Names[1].objgen == file.objgen
    attached = file.EF.F.read_bytes()
    assert f"Mã đối chiếu của dữ liệu: {short_hash(hashlib.sha256(attached).hexdigest())}" in text_of(read(declaration))
    data = json.loads(attached)
    assert attached == unicodedata.normalize("NFC", attached.decode()).encode()
    assert (data["full_name"], data["bhxh_number"], data["version"]) == (
        declaration.full_name, declaration.bhxh_number, 1,
    )  # fmt: skip
    assert [photo["kind"] for photo in data["photos"]] == PhotoKind.values


def test_every_stored_photo_stands_on_the_paper_with_its_hash():
    declaration = make_declaration()
    text = text_of(read(declaration))
    assert "kèm 3 tệp ảnh" in text
    for photo in declaration.current_attachments():
        with photo.file.open("rb") as stored:
            assert short_hash(hashlib.sha256(stored.read()).hexdigest()) in text


def test_corrected_declaration_proves_its_own_version():
    first = make_declaration(Status.RETURNED)
    old = content_of(first)
    second = make_correction(first, address="45 đường Mẫu, Quận 3")
    text = text_of(read(second))
    assert "Đối chiếu: bản số 2, thay bản số 1, kèm 3 tệp ảnh" in text
    pdf = opened(second)
    assert json.loads(pdf.Root.AF[0].EF.F.read_bytes())["version"] == 2
    assert old != content_of(second)


def test_same_version_gives_the_same_bytes():
    declaration = make_declaration()
    assert content_of(declaration) == content_of(declaration)


def test_structure_reads_in_the_order_of_the_page():
    pdf = opened(make_declaration())
    found = [(str(part.S), str(part.get("/Alt", ""))) for part in elements(pdf.Root.StructTreeRoot.K)]
    kinds = [kind for kind, _alt in found]
    assert kinds.count("/H1") == 1
    assert kinds.count("/LI") == 8
    figures = [alt.split(" của")[0] for kind, alt in found if kind == "/Figure"]
    assert figures == ["Mã QR", "Ảnh chân dung", "Ảnh mặt trước", "Ảnh mặt sau"]
    assert kinds.index("/H1") < kinds.index("/L")
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    assert all(page.Tabs == "/S" for page in pdf.pages)


def claimed(node, page=None):
    """(page, id) of every piece of content that an element of the tree owns."""
    for kid in node if isinstance(node, pikepdf.Array) else [node]:
        if isinstance(kid, int):
            yield page.objgen, kid
        elif isinstance(kid, pikepdf.Dictionary):
            here = kid.get("/Pg", page)
            if "/MCID" in kid:
                yield here.objgen, int(kid.MCID)
            else:
                yield from claimed(kid.get("/K", pikepdf.Array([])), here)


@pytest.mark.parametrize("address", ["12/3 đường Mẫu, Quận 3", "Ư" * 300])
def test_all_content_is_read_or_declared_to_be_decoration(address):
    pdf = opened(make_declaration(address=address, full_name="Công Tằng Tôn Nữ " * 5 + "A"))
    owned = set(claimed(pdf.Root.StructTreeRoot.K))
    decoration = 0
    for page in pdf.pages:
        depth = 0
        for operands, operator in pikepdf.parse_content_stream(page):
            name = str(operator)
            if name in ("BDC", "BMC"):
                depth += 1
                decoration += operands[0] == "/Artifact"
                assert operands[0] == "/Artifact" or (page.objgen, int(operands[1].MCID)) in owned
            elif name == "EMC":
                depth -= 1
            else:
                assert depth or name not in ("Tj", "TJ", "Do", "S", "f")
    assert decoration >= len(pdf.pages)


def test_figures_say_where_on_the_page_they_stand():
    pdf = opened(make_declaration(address="Ư" * 300))
    boxes = {
        str(part.Alt).split(" của")[0]: ([float(side) / 72 * 25.4 for side in part.A.BBox], part.Pg)
        for part in elements(pdf.Root.StructTreeRoot.K)
        if part.S == "/Figure"
    }
    for (left, bottom, right, top), _page in boxes.values():
        assert 0 < left < right < 210
        assert 0 < bottom < top < 297
    for kind in ("Ảnh mặt trước", "Ảnh mặt sau"):
        left, bottom, right, top = boxes[kind][0]
        assert (round(right - left, 1), round(top - bottom, 1)) == (81.2, 51.2)
    assert boxes["Mã QR"][0][1] > 230
    assert boxes["Ảnh chân dung"][0][1] > boxes["Ảnh mặt trước"][0][3]


MARK = "\u0338"  # joins a ">" before it


@pytest.mark.parametrize("field", ["full_name", "address", "email", "agency_name", "place", "paper_number"])
def test_mark_at_the_beginning_of_a_value_joins_no_markup(field):
    papers = []
    for beginning in ("", MARK):
        declaration = make_declaration()
        setattr(declaration, field, f"{beginning} style=top:0 x")
        papers.append(opened(declaration))
        assert "style=top:0" in text_of(read(declaration))
    blocks = [[str(part.S) for part in elements(paper.Root.StructTreeRoot.K)] for paper in papers]
    assert blocks[0] == blocks[1]


def test_plain_text_tool_reads_vietnamese_in_nfc_and_in_order():
    text = piped(["pdftotext", "-", "-"], content_of(make_declaration())).decode()
    assert text == unicodedata.normalize("NFC", text)
    places = [
        text.index(part) for part in ("CỘNG HÒA", "TỜ KHAI", "Kính gửi", "1. Họ và tên", "Mã đối chiếu", "Người khai")
    ]
    assert places == sorted(places)


def test_file_with_three_photos_is_small_enough_to_send():
    assert len(content_of(make_declaration())) <= 250_000


def test_sign_that_the_font_lacks_makes_no_paper_and_is_not_named():
    declaration = make_declaration(full_name="Nguyễn 明 Mẫu", address="12 đường ☎ Mẫu, Quận 3")
    with pytest.raises(Undrawable) as refusal:
        render_declaration(declaration)
    assert refusal.value.fields == ["full_name", "address"]
    assert "明" not in str(refusal.value)
