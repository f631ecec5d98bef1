"""Invented people for the demo: common names thrown together, numbers of the right shape, real streets.

Everything follows from a seed and a place in the row, so that a second run makes the same people.
"""

import random
import unicodedata
from dataclasses import dataclass

from registration.enums import PaperKind

_SURNAMES = (
    "Nguyễn", "Trần", "Lê", "Phạm", "Huỳnh", "Phan", "Vũ", "Võ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Lý",
)  # fmt: skip
_SURNAME_WEIGHTS = (38, 12, 10, 7, 5, 5, 4, 4, 3, 3, 2, 2, 2, 1)
_MIDDLE = {
    True: ("Văn", "Hữu", "Minh", "Quốc", "Đình", "Thanh", "Ngọc"),
    False: ("Thị", "Ngọc", "Thị Kim", "Thanh", "Mỹ"),
}
_GIVEN = {
    True: (
        "Đức",
        "Hùng",
        "Dũng",
        "Tuấn",
        "Sơn",
        "Hải",
        "Long",
        "Phúc",
        "Khoa",
        "Bình",
        "Thắng",
        "Nghĩa",
        "Vinh",
    ),
    False: (
        "Hoa",
        "Lan",
        "Hương",
        "Thảo",
        "Phượng",
        "Trang",
        "Yến",
        "Loan",
        "Nhung",
        "Hạnh",
        "Ánh",
        "Vy",
        "Thủy",
    ),
}
_PREFIXES = ("90", "91", "93", "94", "96", "97", "98", "86", "88", "32", "35", "38", "70", "77", "79")

# code of the agency: district; streets; wards
_AREAS = {
    "07911": (
        "Quận 3",
        ("Võ Văn Tần", "Nguyễn Đình Chiểu", "Cách Mạng Tháng Tám", "Lê Văn Sỹ", "Pasteur"),
        ("Phường Võ Thị Sáu", "Phường 4", "Phường 9", "Phường 11", "Phường 14"),
    ),
    "07901": (
        "Quận 1",
        ("Nguyễn Trãi", "Trần Hưng Đạo", "Đinh Tiên Hoàng", "Calmette"),
        ("Phường Bến Thành", "Phường Đa Kao", "Phường Cầu Kho"),
    ),
    "07905": (
        "Quận Gò Vấp",
        ("Quang Trung", "Phan Văn Trị", "Lê Đức Thọ"),
        ("Phường 3", "Phường 10", "Phường 17"),
    ),
    "07906": (
        "Quận Bình Thạnh",
        ("Bạch Đằng", "Xô Viết Nghệ Tĩnh", "Nơ Trang Long"),
        ("Phường 12", "Phường 15", "Phường 26"),
    ),
    "07907": (
        "Quận Tân Bình",
        ("Cộng Hòa", "Trường Chinh", "Hoàng Văn Thụ"),
        ("Phường 2", "Phường 4", "Phường 13"),
    ),
    "07909": (
        "Quận Phú Nhuận",
        ("Phan Xích Long", "Phan Đăng Lưu", "Huỳnh Văn Bánh"),
        ("Phường 1", "Phường 7", "Phường 15"),
    ),
    "07912": (
        "Quận 10",
        ("Ba Tháng Hai", "Sư Vạn Hạnh", "Tô Hiến Thành"),
        ("Phường 4", "Phường 12", "Phường 15"),
    ),
    "07919": (
        "Quận 7",
        ("Huỳnh Tấn Phát", "Nguyễn Thị Thập", "Lâm Văn Bền"),
        ("Phường Tân Quy", "Phường Tân Phong"),
    ),
}
HOME = "07911"
_HOME_SHARE = 0.6
# Multipliers that share no factor with the power of ten: whatever the place in the row, no number comes twice.
_NUMBER_STEP, _NUMBERS = 61_803_399, 10**8
_PHONE_STEP, _PHONES = 6_180_339, 10**7


@dataclass(frozen=True)
class Person:
    """What one invented citizen enters in the form, cleaned."""

    full_name: str
    bhxh_number: str
    paper_kind: str
    paper_number: str
    address: str
    phone: str
    email: str
    agency_code: str


def make_person(seed: int, place: int, *, is_at_home: bool = False) -> Person:
    """Person number `place` of this seed; `is_at_home` makes them belong to the agency `HOME`."""
    dice = random.Random(f"{seed}-{place}")  # noqa: S311 (a demo, not a secret)
    is_male = dice.random() < 0.5
    surname = dice.choices(_SURNAMES, _SURNAME_WEIGHTS)[0]
    name = f"{surname} {dice.choice(_MIDDLE[is_male])} {dice.choice(_GIVEN[is_male])}"
    others = [code for code in _AREAS if code != HOME]
    code = HOME if is_at_home or dice.random() < _HOME_SHARE else dice.choice(others)
    kind, number = _paper(dice, is_male)
    return Person(
        full_name=name.upper() if dice.random() < 0.3 else name,
        bhxh_number=f"79{(place * _NUMBER_STEP + seed * 7_919) % _NUMBERS:08d}",
        paper_kind=kind,
        paper_number=number,
        address=_address(dice, code),
        phone=f"+84{dice.choice(_PREFIXES)}{(place * _PHONE_STEP + seed * 7_919) % _PHONES:07d}",
        email=f"{_plain(name)}{place}@example.com" if dice.random() < 0.4 else "",
        agency_code=code,
    )


def _paper(dice: random.Random, is_male: bool) -> tuple[PaperKind, str]:
    kind = dice.choices((PaperKind.CCCD, PaperKind.CMND, PaperKind.PASSPORT), (88, 8, 4))[0]
    if kind == PaperKind.CMND:
        return kind, f"02{dice.randrange(10**7):07d}"
    if kind == PaperKind.PASSPORT:
        return kind, f"{dice.choice('BCKP')}{dice.randrange(10**7):07d}"
    sex, year = (0 if is_male else 1), dice.randrange(58, 100)
    province = dice.choice(("079", "079", "079", "080", "082", "083", "089", "092", "001", "036"))
    return kind, f"{province}{sex}{year}{dice.randrange(10**6):06d}"


def _address(dice: random.Random, code: str) -> str:
    district, streets, wards = _AREAS[code]
    house = f"{dice.randrange(1, 480)}" + (f"/{dice.randrange(1, 60)}" if dice.random() < 0.5 else "")
    return f"{house} {dice.choice(streets)}, {dice.choice(wards)}, {district}, TP. Hồ Chí Minh"


def _plain(name: str) -> str:
    """Lower case, without marks and spaces, for an address."""
    letters = unicodedata.normalize("NFD", name.lower().replace("đ", "d"))
    return "".join(letter for letter in letters if "a" <= letter <= "z")
