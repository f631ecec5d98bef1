"""What an import is refused for until somebody has confirmed it."""

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from agencies.csv_rows import AgencyImportError
from agencies.models import Agency
from agencies.services import SurprisingImport
from agencies.surprises import Accepted, find_surprises
from registration import services
from tests.agencies.conftest import BUILT_IN, NATIONAL, TREE, load
from tests.registration.factories import make_declaration, make_officer

pytestmark = pytest.mark.django_db
HEADER = "code,name,parent_code,level\n"
ENDING = "code,name,parent_code,level,valid_until,successor_code\n"


def kinds_of(text: str) -> set[str]:
    before = list(Agency.objects.values())
    with pytest.raises(SurprisingImport) as caught:
        load(text)
    assert list(Agency.objects.values()) == before
    return {str(finding.kind) for finding in caught.value.findings}


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        ("07999,BHXH QuËn 3,079,district", "encoding"),
        ("07999,BHXH Quáº­n Tân Bình,079,district", "encoding"),
        ("07999,BHXH Qu?n Tân B?nh,079,district", "encoding"),
        ("07999,BHXH Quận 3,079,district", "recoded"),
        ("07999,BHXH cơ sở Quan 3,079,district", "recoded"),
        ("00199,BHXH Quận 3,001,district", "recoded"),
        ("078,BHXH TP. Hồ Chí Minh,,province", "recoded"),
        ("07901,BHXH Quận 3,079,district\n07911,BHXH Quận 1,079,district", "recoded"),
        ("07998,BHXH cơ sở Bà Rịa - Vũng Tàu,079,district", "demoted"),
        ("07708,BHXH Huyện Côn Đảo,079,district", "moved"),
    ],
)
def test_surprise_is_refused_and_nothing_stored(tree, rows, kind):
    assert kinds_of(HEADER + rows + "\n") == {kind}
    assert load(HEADER + rows + "\n", accepted=Accepted(kinds=frozenset({kind})))


@pytest.mark.parametrize(
    "rows",
    [
        "07911,BHXH cơ sở Nhiêu Lộc,079,district",
        "07999,BHXH Huyện Củ Chi,079,district",
        "080,BHXH tỉnh Long An,,province",
        # Two districts of one name in two provinces, both there.
        "07911,BHXH Quận 3,079,district\n00199,BHXH Quận 3,001,district",
    ],
)
def test_usual_changes_need_no_confirmation(tree, rows):
    assert load(HEADER + rows + "\n")


def test_office_that_gets_a_new_code_and_says_so_is_no_surprise(tree):
    rows = "07911,BHXH Quận 3,079,district,2026-01-01,07999\n07999,BHXH Quận 3,079,district,,\n"
    assert load(ENDING + rows).created == 1


def test_list_that_leaves_one_office_out(tree):
    assert kinds_of(TREE.replace("07912,BHXH Quận 10,079,district\n", "")) == {"vanished"}


def test_many_names_or_ends_at_once(tree):
    many = "07708,BHXH Huyện Côn Đảo,077,district\n" + "".join(
        f"077{place},BHXH Huyện Số {place},077,district\n" for place in range(30, 42)
    )
    load(HEADER + many)
    assert kinds_of(HEADER + many.replace("Huyện Số", "Huyện Khác Số")) == {"renamed"}
    ended = "".join(f"{row},2026-01-01,07911\n" for row in many.splitlines())
    assert kinds_of(ENDING + ended) == {"ended"}


def test_lines_are_accepted_one_by_one(tree):
    rows = "07708,BHXH Huyện Côn Đảo,079,district\n07901,BHXH Quận 1,001,district\n"
    with pytest.raises(SurprisingImport) as caught:
        load(HEADER + rows, accepted=Accepted(lines=frozenset({2})))
    assert [finding.line for finding in caught.value.findings] == [3]
    load(HEADER + rows, accepted=Accepted(lines=frozenset({2, 3})))


def test_command_shows_refuses_and_takes_a_confirmation(tree, tmp_path, capsys):
    file = tmp_path / "list.csv"
    file.write_text(HEADER + "07708,BHXH Huyện Côn Đảo,079,district\n")
    call_command("import_agencies", str(file), "--dry-run")
    out = capsys.readouterr().out
    assert "moved (1)" in out
    assert "line 2     07708" in out
    assert "0 created, 1 updated" in out
    with pytest.raises(CommandError, match="--confirm"):
        call_command("import_agencies", str(file))
    assert "moved (1)" in capsys.readouterr().err
    assert Agency.objects.get(code="07708").parent.code == "077"
    with pytest.raises(CommandError, match="neither a kind"):
        call_command("import_agencies", str(file), "--accept", "everything")
    call_command("import_agencies", str(file), "--accept", "moved")
    assert Agency.objects.get(code="07708").parent.code == "079"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp1258"])
def test_file_in_another_encoding_is_named(encoding):
    text = HEADER + "".join(f"0{number},BHXH Đăng Kha,,province\n" for number in range(20, 40))
    with translation.override("en"), pytest.raises(AgencyImportError, match="seems to be in"):
        load(text, encoding)
    assert not Agency.objects.exists()


@pytest.mark.skipif(not NATIONAL.exists(), reason="the national data is not beside this checkout")
def test_national_list_after_the_built_in_one(capsys):
    call_command("import_agencies", str(BUILT_IN))
    with pytest.raises(CommandError, match="surprising"):
        call_command("import_agencies", str(NATIONAL))
    report = capsys.readouterr().err
    assert "“BHXH tỉnh Lào Cai”" in report
    assert "BHXH tỉnh Hà Giang" in report
    assert "encoding" not in report
    assert Agency.objects.get(code="07911").name == "BHXH Quận 3"
    call_command("import_agencies", str(NATIONAL), "--confirm")
    assert Agency.objects.get(code="07911").name == "BHXH cơ sở Nhiêu Lộc"
    call_command("import_agencies", str(NATIONAL), "--accept", "vanished")
    assert "514 unchanged" in capsys.readouterr().out


def test_first_list_has_nothing_to_be_surprised_about():
    assert find_surprises([], {}) == []
    call_command("import_agencies", str(BUILT_IN))


def test_office_with_open_dossiers_ends_with_a_successor_only(tree, client, make_staff):
    for _ in range(2):
        make_declaration()
    row = "07911,BHXH Quận 3,079,district,2026-06-30,"
    with translation.override("en"), pytest.raises(AgencyImportError, match="2 dossiers are still open"):
        load(ENDING + row + "\n")
    client.force_login(make_staff("admin", is_superuser=True), "django.contrib.auth.backends.ModelBackend")
    office = tree["07911"]
    data = {"code": office.code, "name": office.name, "parent": office.parent_id, "level": office.level, "basis": ""}
    address = f"/admin/agencies/agency/{office.pk}/change/"
    answer = client.post(address, {**data, "valid_until": "30/06/2026", "successor": ""})
    assert answer.status_code == 200
    assert "Còn 2 hồ sơ" in answer.content.decode()
    office.refresh_from_db()
    assert office.valid_until is None
    client.post(address, {**data, "valid_until": "30/06/2026", "successor": tree["07901"].pk})
    office.refresh_from_db()
    assert (str(office.valid_until), office.successor) == ("2026-06-30", tree["07901"])
    load(ENDING + row + "07901\n")


def test_office_whose_dossiers_are_closed_ends_without(tree):
    declaration = make_declaration()
    services.reject_declaration(declaration.pk, officer=make_officer(), revision=1, reason="Không đúng người.")
    assert load(ENDING + "07911,BHXH Quận 3,079,district,2026-06-30,\n").updated == 1
