import time
from statistics import median

import pytest
from django.core.management import call_command

from agencies.models import Agency
from agencies.search import search_agencies
from agencies.services import save_agency
from tests.agencies.conftest import NATIONAL


def found(query: str, limit: int = 20) -> list[str]:
    return [agency.code for agency in search_agencies(query, limit)]


@pytest.mark.parametrize(
    "query",
    ["quan 3", "Quận 3", "QUAN 3", "q3", "Q.3", "q 3", "quan 03", "quan3", "07911", "[07911]",
     "[07911] BHXH Quận 3", "bhxh quan 3", "bảo hiểm xã hội quận 3", "3 quan",
     "quan 3 ho chi minh", "q3 tphcm", "huyen 3"],
)  # fmt: skip
def test_search_finds_quan_3_first(built_in, query):
    assert found(query)[:1] == ["07911"]


@pytest.mark.parametrize("query", ["tphcm", "tp.hcm", "TP HCM", "ho chi minh", "thanh pho ho chi minh", "079", "hcm"])
def test_search_finds_the_city_first(built_in, query):
    assert found(query)[0] == "079"


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("hoc mon", "BHXH Huyện Hóc Môn"),
        ("h. hoc mon", "BHXH Huyện Hóc Môn"),
        ("mon hoc", "BHXH Huyện Hóc Môn"),
        ("hóc mo", "BHXH Huyện Hóc Môn"),
        ("govap", "BHXH Quận Gò Vấp"),
        ("dong da", "BHXH Quận Đống Đa"),
        ("huyen go vap", "BHXH Quận Gò Vấp"),
        ("ba ria vung tau", "BHXH tỉnh Bà Rịa - Vũng Tàu"),
    ],
)
def test_search_finds_by_name_without_accents(built_in, query, name):
    assert search_agencies(query)[0].name == name


def test_search_takes_numbers_exactly(built_in):
    assert [agency.name for agency in search_agencies("quan 1")] == ["BHXH Quận 1"]
    assert search_agencies("quan 10")[0].name == "BHXH Quận 10"


def test_search_by_the_beginning_of_a_code(built_in):
    assert found("0791")[0] == "07911"
    assert all(code.startswith("0791") for code in found("0791"))


def test_search_by_kind_alone_lists_that_kind(built_in):
    assert all("Quận" in agency.name for agency in search_agencies("quan"))


@pytest.mark.parametrize("query", ["", "   ", "!!!", "²", "zzzz", "99999", "\0", "a" * 5000, "%", "_", "' OR 1=1"])
def test_search_without_a_match_is_empty(built_in, query):
    assert found(query) == []


def test_search_keeps_to_the_limit_and_loads_parents(built_in, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        names = [agency.parent.name for agency in search_agencies("quan", 5) if agency.parent]
    assert len(names) == 5


def test_search_sees_changes_and_leaves_out_former_offices(tree):
    assert found("hoc mon") == ["07922"]
    office = tree["07922"]
    office.name = "BHXH cơ sở Tân Hiệp"
    save_agency(office)
    assert found("hoc mon") == []
    assert found("tan hiep") == ["07922"]
    Agency.objects.filter(pk=office.pk).update(valid_until="2025-01-01")
    assert found("tan hiep") == []


@pytest.mark.skipif(not NATIONAL.exists(), reason="the national data is not beside this checkout")
def test_search_of_the_national_data_takes_under_20_ms(db):
    call_command("import_agencies", str(NATIONAL))
    search_agencies("quan")
    times = []
    for query in ["quan 3", "07911", "q3", "hoc mon", "chau thanh", "bhxh co so tan", "khong co dau"] * 3:
        start = time.perf_counter()
        search_agencies(query)
        times.append(time.perf_counter() - start)
    assert median(times) < 0.02
    assert search_agencies("chau thanh dong thap")[0].parent.name == "BHXH tỉnh Đồng Tháp"


def test_lookalikes_find_the_office(built_in):
    assert found("quận ３") == found("quận 3") != []
    assert found("Ba Ðình") == found("ba đình") != []
