import io
import time
import unicodedata

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command

from agencies.csv_rows import AgencyImportError
from agencies.models import Agency
from agencies.services import ImportResult, agencies_for, save_agency
from agencies.surprises import Accepted
from tests.agencies.conftest import BUILT_IN, NATIONAL, TREE, load

pytestmark = pytest.mark.django_db


def codes(agencies) -> set[str]:
    return {agency.code for agency in agencies}


def test_import_builds_the_tree(tree):
    quan_3 = tree["07911"]
    assert str(quan_3) == "[07911] BHXH Quận 3"
    assert quan_3.parent == tree["079"]
    assert quan_3.path == "079/07911/"
    assert quan_3.search_key == "079 07911 bhxh quan 3 q3"


def test_import_counts_created_updated_and_unchanged(tree):
    assert load(TREE) == ImportResult(0, 0, 9)
    changed = TREE.replace("BHXH Quận 10", "BHXH cơ sở Hòa Hưng") + "07924,BHXH Huyện Nhà Bè,079,district\n"
    assert load(changed) == ImportResult(1, 1, 8)
    assert Agency.objects.get(code="07912").search_key == "079 07912 bhxh coso hoa hung hh"


def test_import_accepts_a_bom_windows_lines_any_column_order_and_late_parents():
    rows = [
        "level,parent_code,name,code",
        "district,079,BHXH Quận 3,07911",
        "province,,BHXH TP. Hồ Chí Minh,079",
    ]
    text = "\r\n".join(rows)
    assert load(text, "utf-8-sig").created == 2
    assert Agency.objects.get(code="07911").path == "079/07911/"


def test_import_composes_names_and_spaces():
    load("code,name,parent_code,level\n079," + unicodedata.normalize("NFD", "BHXH  TP. Hồ Chí Minh ") + ",,province\n")
    assert Agency.objects.get().name == "BHXH TP. Hồ Chí Minh"


def test_import_keeps_what_the_file_does_not_tell(tree):
    quan_3 = tree["07911"]
    quan_3.phone, quan_3.note, quan_3.address = "028 0000 0000", "Cổng sau", "Cũ"
    save_agency(quan_3)
    load("code,name,parent_code,level,phone,address\n07911,BHXH cơ sở Nhiêu Lộc,079,district,,1 Đường Mới\n")
    quan_3.refresh_from_db()
    assert (quan_3.name, quan_3.phone, quan_3.note) == ("BHXH cơ sở Nhiêu Lộc", "028 0000 0000", "Cổng sau")
    assert quan_3.address == "1 Đường Mới"
    assert Agency.objects.count() == 9


def test_import_is_all_or_nothing(tree):
    with pytest.raises(AgencyImportError):
        load("code,name,parent_code,level\n07911,BHXH Khác,079,district\n07912,,079,district\n")
    assert Agency.objects.get(code="07911").name == "BHXH Quận 3"


def test_import_moves_an_office_to_another_parent(tree):
    load("code,name,parent_code,level\n07708,BHXH cơ sở Côn Đảo,079,district\n", accepted=Accepted(everything=True))
    moved = Agency.objects.get(code="07708")
    assert (moved.parent, moved.path) == (tree["079"], "079/07708/")


def test_import_sets_and_clears_periods_and_successors(tree):
    header = "code,name,parent_code,level,valid_until,successor_code\n"
    load(header + "077,BHXH tỉnh Bà Rịa - Vũng Tàu,,province,2025-06-30,079\n")
    old = Agency.objects.get(code="077")
    assert (str(old.valid_until), old.successor) == ("2025-06-30", tree["079"])
    assert "077" not in codes(Agency.objects.current())
    load(header + "077,BHXH tỉnh Bà Rịa - Vũng Tàu,,province,,\n")
    old.refresh_from_db()
    assert (old.valid_until, old.successor) == (None, None)


def test_import_links_new_offices_to_new_successors():
    header = "code,name,parent_code,level,successor_code\n"
    load(header + "077,BHXH tỉnh A,,province,079\n079,BHXH TP. B,,province,\n")
    assert Agency.objects.get(code="077").successor == Agency.objects.get(code="079")


def test_command_prints_counts_for_the_built_in_file(capsys):
    call_command("import_agencies", str(BUILT_IN))
    assert "115 created, 0 updated, 0 unchanged" in capsys.readouterr().out
    call_command("import_agencies", str(BUILT_IN))
    assert "0 created, 0 updated, 115 unchanged" in capsys.readouterr().out
    assert Agency.objects.get(code="07911").label == "[07911] BHXH Quận 3"


def test_command_reads_standard_input(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TREE.encode())))
    call_command("import_agencies", "-")
    assert "9 created" in capsys.readouterr().out


def test_command_names_line_and_reason_and_fails(tmp_path, capsys):
    file = tmp_path / "bad.csv"
    file.write_text(TREE + "1,X,,province\n2,Y,,province\n")
    with pytest.raises(CommandError, match="2 problem"):
        call_command("import_agencies", str(file))
    assert [line.split(":")[0] for line in capsys.readouterr().err.splitlines()] == ["line 11", "line 12"]
    with pytest.raises(CommandError, match="cannot read"):
        call_command("import_agencies", str(tmp_path / "absent.csv"))


@pytest.mark.skipif(not NATIONAL.exists(), reason="the national data is not beside this checkout")
def test_import_of_the_national_data_is_fast():
    call_command("import_agencies", str(BUILT_IN))
    start = time.perf_counter()
    call_command("import_agencies", str(NATIONAL), "--confirm")
    assert time.perf_counter() - start < 2
    assert Agency.objects.get(code="07911").name == "BHXH cơ sở Nhiêu Lộc"
    assert Agency.objects.get(code="07708").parent == Agency.objects.get(code="079")


def test_scope_of_a_province_is_itself_and_all_below(tree):
    expected = {"079", "07901", "07911", "07912", "07922"}
    assert codes(Agency.objects.all().within(tree["079"])) == expected
    assert codes(Agency.objects.all().within(tree["07911"])) == {"07911"}


def test_scope_includes_what_was_merged_in_near_and_far(tree):
    tree["077"].successor = tree["079"]
    save_agency(tree["077"])
    tree["00101"].successor = tree["07708"]
    save_agency(tree["00101"])
    assert {"077", "07708", "00101"} <= codes(Agency.objects.all().within(tree["079"]))
    assert codes(Agency.objects.all().within(tree["07708"])) == {"07708", "00101"}
    assert "001" not in codes(Agency.objects.all().within(tree["079"]))


def test_agencies_for_each_kind_of_person(tree, make_staff):
    assert codes(agencies_for(make_staff("canbo.q3", tree["07911"]))) == {"07911"}
    assert "07911" in codes(agencies_for(make_staff("canbo.hcm", tree["079"])))
    assert agencies_for(make_staff("admin", is_superuser=True)).count() == 9
    assert not agencies_for(make_staff("nowhere")).exists()
    assert not agencies_for(make_staff("gone", tree["079"], is_active=False)).exists()
    assert not agencies_for(AnonymousUser()).exists()
