"""What a bad agency file is told: line and reason, for every bad row at once."""

import pytest
from django.utils import translation

from agencies.csv_rows import AgencyImportError, Problem
from agencies.models import Agency
from tests.agencies.conftest import load

HEADER = "code,name,parent_code,level\n"
GOOD = "079,BHXH TP. Hồ Chí Minh,,province\n"

pytestmark = pytest.mark.django_db


def problems_of(text: str | bytes) -> list[Problem]:
    data = text if isinstance(text, str) else text.decode("latin-1")
    with translation.override("en"), pytest.raises(AgencyImportError) as caught:
        load(data, "utf-8" if isinstance(text, str) else "latin-1")
    assert not Agency.objects.exists()
    return caught.value.problems


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("79,BHXH Gì Đó,,province", "code must be 3 or 5 digits"),
        ("0791a,BHXH Gì Đó,079,district", "code must be 3 or 5 digits"),
        ("٠٧٩٠١,BHXH Gì Đó,079,district", "code must be 3 or 5 digits"),
        ("079,BHXH Gì Đó,,province", "already on line 2"),
        ("07911, ,079,district", "name is blank"),
        ("07911,BHXH Quận 3,080,district", "unknown parent 080"),
        ("07911,BHXH Quận 3,,district", "needs the province office"),
        ("080,BHXH Gì Đó,079,province", "no office above it"),
        ("07911,BHXH Quận 3,079,province", "must be “district”"),
        ("080,BHXH Gì Đó,079,district", "must be “province”"),
        ("07911,BHXH Quận 3,079,ward", "must be “province” or “district”"),
        ("07911,BHXH Quận 3,07911,district", "above itself"),
        ("07911," + "B" * 121 + ",079,district", "longer than 120 characters"),
        ("07911,BHXH\x00 Quận 3,079,district", "control character"),
        ("07911,BHXH Quận 3,079", "3 columns instead of 4"),
        ("07911,BHXH Quận 3,079,district,", "5 columns instead of 4"),
        ('07911,"BHXH Quận 3,079,district', "not readable as CSV"),
        ('07911,"BHXH" Quận 3,079,district', "not readable as CSV"),
    ],
)
def test_bad_row_is_refused_with_its_line(row, reason):
    [problem] = problems_of(HEADER + GOOD + "\n" + row + "\n")
    assert problem.line == 4
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("basis", "guessed", "basis must be"),
        ("valid_from", "01/07/2025", "not a date"),
        ("valid_until", "2025-02-30", "not a date"),
        ("successor_code", "07999", "unknown successor 07999"),
        ("successor_code", "079", "comes back"),
        ("email", "quan3", "not an email address"),
        ("phone", "0" * 61, "longer than 60"),
    ],
)
def test_bad_optional_cell_is_refused(column, value, reason):
    text = f"code,name,parent_code,level,{column}\n079,BHXH TP. Hồ Chí Minh,,province,{value}\n"
    [problem] = problems_of(text)
    assert problem.line == 2
    assert reason in problem.reason


def test_period_that_ends_before_it_begins_is_refused():
    text = "code,name,parent_code,level,valid_from,valid_until\n079,BHXH,,province,2025-07-01,2025-06-30\n"
    assert [problem.line for problem in problems_of(text)] == [2]


def test_circle_of_parents_and_of_successors_names_each_row():
    text = "code,name,parent_code,level\n07911,A,07912,district\n07912,B,07911,district\n"
    assert [problem.line for problem in problems_of(text)] == [2, 3]
    text = "code,name,parent_code,level,successor_code\n001,A,,province,079\n079,B,,province,001\n"
    assert [problem.line for problem in problems_of(text)] == [2, 3]


def test_every_bad_row_is_told_at_once_in_the_order_of_the_file():
    text = HEADER + "x,A,,province\n" + GOOD + "07911,,099,district\n080,C\n"
    assert [problem.line for problem in problems_of(text)] == [2, 4, 5]


def test_child_of_a_bad_row_is_not_blamed():
    assert [problem.line for problem in problems_of(HEADER + "079,,,province\n07911,Q,079,district\n")] == [2]


@pytest.mark.parametrize(
    "header",
    ["", "code,name\n", "code;name;parent_code;level\n", "code,name,parent_code,level,level\n",
     "code,name,parent_code,level,mayor\n"],
)  # fmt: skip
def test_wrong_header_is_told_on_line_1(header):
    problems = problems_of(header + GOOD)
    assert {problem.line for problem in problems} == {1}


def test_wrong_encoding_is_told_with_its_line():
    [problem] = problems_of((HEADER + "001,BHXH Hue,,province\n").encode() + b"079,BHXH Hu\xff,,province\n")
    assert problem.line == 3
    assert problems_of((HEADER + GOOD).encode("utf-16"))[0].line == 1


def test_too_large_file_is_refused_without_reading_it_all():
    assert problems_of(HEADER + "x" * 5_000_001)[0].line == 1


def test_row_on_several_lines_is_told_by_its_first():
    text = HEADER + '079,"BHXH\nTP. Hồ Chí Minh",,province\nx,B,,province\n'
    assert [problem.line for problem in problems_of(text)] == [4]
