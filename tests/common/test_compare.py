"""A slip, other accents, or somebody else."""

import pytest

from common.compare import Difference, name_difference, number_difference

NAMES = [
    ("Nguyễn Văn Hùng", "NGUYỄN VĂN HÙNG", ""),
    ("Trần Thị Hoà", "TRẦN THỊ HÒA", ""),
    ("Thuý", "Thúy", ""),
    ("H’Hen Niê", "H'HEN NIÊ", ""),
    ("Ðinh Văn A", "ĐINH VĂN A", ""),
    ("Nguyễn  Văn\u200b A", "Nguyễn Văn A", ""),
    ("Nguyễn Văn Hưng", "Nguyễn Văn Hùng", "accents"),
    ("NGUYEN VAN HUNG", "Nguyễn Văn Hùng", "accents"),
    ("Nguyễn Văn Đức", "Nguyễn Văn Dức", "accents"),
    ("Nguyễn VănHùng", "Nguyễn Văn Hùng", "accents"),
    ("Nguyễn Văn Hùn", "Nguyễn Văn Hùng", "slip"),
    ("Nguyễn Văn Hugn", "Nguyễn Văn Hung", "slip"),
    ("Nguyễn Vân Hùngg", "Nguyễn Văn Hùng", "slip"),
    ("Nguyễn Văn Long", "Nguyễn Văn Hùng", "other"),
    ("Hùng Nguyễn Văn", "Nguyễn Văn Hùng", "other"),
    ("Nguyễn Hùng", "Nguyễn Văn Hùng", "other"),
]
NUMBERS = [
    ("079 190 000 123", "079190000123", ""),
    ("079–190–000–123", "079190000123", ""),
    ("079190000124", "079190000123", "slip"),
    ("079190000132", "079190000123", "slip"),
    ("07919000012", "079190000123", "slip"),
    ("079190001132", "079190000123", "other"),
    ("", "079190000123", "other"),
]


@pytest.mark.parametrize(("one", "other", "expected"), NAMES)
def test_names_are_told_apart(one: str, other: str, expected: str) -> None:
    assert name_difference(one, other) == Difference(expected)
    assert name_difference(other, one) == Difference(expected)


@pytest.mark.parametrize(("one", "other", "expected"), NUMBERS)
def test_numbers_are_told_apart(one: str, other: str, expected: str) -> None:
    assert number_difference(one, other) == Difference(expected)
    assert number_difference(other, one) == Difference(expected)
