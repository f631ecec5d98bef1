"""Reading the agency CSV: every bad row is found, with its line and the reason, before anything is stored."""

import csv
import io
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO, NamedTuple

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from agencies.encodings import explain_bytes
from agencies.enums import Basis, Level
from agencies.models import Agency
from agencies.validators import CODE, has_cycle, level_problem, parent_problem
from common.text import tidy

REQUIRED = ("code", "name", "parent_code", "level")
CONTACTS = ("address", "phone", "email", "opening_hours")
OPTIONAL = ("basis", "valid_from", "valid_until", "successor_code", *CONTACTS)
# National data is about 25 kB; a file this large is not an agency list.
MAX_BYTES = 5_000_000


class Problem(NamedTuple):
    """One bad row: its line in the file (the header is line 1) and the reason, for a person."""

    line: int
    reason: str


class AgencyImportError(Exception):
    """The file was refused and nothing was stored. `problems` holds every bad row, in file order."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("; ".join(f"line {line}: {reason}" for line, reason in self.problems))


class Links(NamedTuple):
    """Where an office stands: level and the codes above and after it (blank for none)."""

    level: str
    parent_code: str
    successor_code: str


@dataclass(frozen=True)
class AgencyRow:
    """A row whose own cells are right. `fields` are the model fields that it sets, and no others."""

    line: int
    code: str
    parent_code: str
    successor_code: str | None  # None: the file has no such column
    fields: Mapping[str, str | date | None]


@dataclass
class Reading:
    """What was read: the sound rows, the problems of the others, and every code that was seen in either."""

    rows: list[AgencyRow]
    problems: list[Problem]
    codes: dict[str, int]


def read_rows(file: BinaryIO) -> Reading:
    """Read a UTF-8 CSV (with or without BOM, up to 5 MB), columns in any order.

    Raises AgencyImportError at once when the file as a whole cannot be read (encoding, header, size, quotes).
    """
    reader = csv.reader(io.StringIO(_decode(file.read(MAX_BYTES + 1)), newline=""), strict=True)
    reading = Reading([], [], {})
    line = 1
    try:
        header = _header(next(reader, []))
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                _read_row(reading, line, header, cells)
            line = reader.line_num + 1
    except csv.Error as error:
        raise AgencyImportError([Problem(line, _("not readable as CSV (%s)") % error)]) from error
    return reading


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise AgencyImportError([Problem(1, _("the file is larger than 5 MB"))])
    if explain_bytes(data) == "UTF-16":
        raise AgencyImportError([Problem(1, _not_utf8(data))])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise AgencyImportError([Problem(line, _not_utf8(data))]) from error


def _not_utf8(data: bytes) -> str:
    encoding = explain_bytes(data)
    if encoding == "?":
        return _("the file is not in UTF-8")
    return _("the file is not in UTF-8 but seems to be in %s: save it again as “CSV UTF-8”") % encoding


def _header(cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    problems = [_("the column “%s” is missing") % name for name in REQUIRED if name not in header]
    problems += [_("unknown column “%s”") % name for name in header if name not in REQUIRED + OPTIONAL]
    problems += [_("the column “%s” is there twice") % name for name in {*header} if header.count(name) > 1]
    if problems:
        raise AgencyImportError([Problem(1, reason) for reason in problems])
    return header


def _read_row(reading: Reading, line: int, header: list[str], cells: list[str]) -> None:
    if len(cells) != len(header):
        reason = _("%(found)d columns instead of %(expected)d") % {
            "found": len(cells),
            "expected": len(header),
        }
        reading.problems.append(Problem(line, reason))
        # The row is lost, but rows that name it as their parent are not wrong for that.
        reading.codes.setdefault(dict(zip(header, cells, strict=False)).get("code", "").strip(), line)
        return
    values = {name: tidy(cell) for name, cell in zip(header, cells, strict=True)}
    reasons = _cell_problems(values, "".join(cells))
    code = values["code"]
    if CODE.fullmatch(code) and code in reading.codes:
        reasons.append(_("code %(code)s is already on line %(line)d") % {"code": code, "line": reading.codes[code]})
    reading.codes.setdefault(code, line)
    fields, date_reasons = _fields(values)
    reasons += date_reasons
    if reasons:
        reading.problems += [Problem(line, reason) for reason in reasons]
    else:
        reading.rows.append(AgencyRow(line, code, values["parent_code"], values.get("successor_code"), fields))


def _cell_problems(values: Mapping[str, str], raw: str) -> list[str]:
    reasons = []
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\r\n" for char in raw):
        reasons.append(_("there is a control character"))
    if not CODE.fullmatch(values["code"]):
        reasons.append(_("the code must be 3 or 5 digits, not “%s”") % values["code"][:20])
    elif values["level"] in Level.values and (wrong := level_problem(values["code"], values["level"])):
        reasons.append(wrong)
    if not values["name"]:
        reasons.append(_("the name is blank"))
    if values["level"] not in Level.values:
        reasons.append(_("the level must be “province” or “district”, not “%s”") % values["level"][:20])
    if values.get("basis", "") not in ["", *Basis.values]:
        reasons.append(_("the basis must be “published”, “inferred” or blank, not “%s”") % values["basis"][:20])
    return reasons + _contact_problems(values)


def _contact_problems(values: Mapping[str, str]) -> list[str]:
    reasons = []
    for name in ("name", *CONTACTS):
        limit = getattr(Agency._meta.get_field(name), "max_length", None)
        if limit and len(values.get(name, "")) > limit:
            reasons.append(_("“%(column)s” is longer than %(limit)d characters") % {"column": name, "limit": limit})
    try:
        if values.get("email"):
            validate_email(values["email"])
    except ValidationError:
        reasons.append(_("“%s” is not an email address") % values["email"][:60])
    return reasons


def _fields(values: Mapping[str, str]) -> tuple[dict[str, str | date | None], list[str]]:
    """The model fields told by a row. A blank contact is not told: staff keep contacts in the admin."""
    fields: dict[str, str | date | None] = {"name": values["name"], "level": values["level"]}
    fields |= {name: values[name] for name in CONTACTS if values.get(name)}
    if "basis" in values:
        fields["basis"] = values["basis"]
    reasons = []
    for name in ("valid_from", "valid_until"):
        if name in values:
            try:
                fields[name] = date.fromisoformat(values[name]) if values[name] else None
            except ValueError:
                reasons.append(_("“%s” is not a date like 2025-07-01") % values[name][:20])
    start, end = fields.get("valid_from"), fields.get("valid_until")
    if isinstance(start, date) and isinstance(end, date) and end < start:
        reasons.append(_("valid_until is before valid_from"))
    return fields, reasons


def link_problems(reading: Reading, stored: Mapping[str, Links]) -> list[Problem]:
    """What is wrong between rows (unknown codes, wrong parents, cycles), given what is `stored` already."""
    links = dict(stored)
    for row in reading.rows:
        before = stored.get(row.code)
        kept = before.successor_code if before else ""
        after = kept if row.successor_code is None else row.successor_code
        links[row.code] = Links(str(row.fields["level"]), row.parent_code, after)
    parents = {code: link.parent_code for code, link in links.items()}
    successors = {code: link.successor_code for code, link in links.items()}
    problems = []
    for row in reading.rows:
        reasons = [
            _parent_reason(row, links, parents, reading),
            _successor_reason(row, links[row.code].successor_code, successors, reading),
        ]
        problems += [Problem(row.line, reason) for reason in reasons if reason]
    return problems


def _parent_reason(
    row: AgencyRow, links: Mapping[str, Links], parents: Mapping[str, str], reading: Reading
) -> str | None:
    parent = row.parent_code
    if parent and parent not in links:
        return None if parent in reading.codes else _("unknown parent %s") % parent[:20]
    if has_cycle(row.code, parents):
        return _("the office would stand above itself")
    return parent_problem(str(row.fields["level"]), links[parent].level if parent else None)


def _successor_reason(row: AgencyRow, successor: str, successors: Mapping[str, str], reading: Reading) -> str | None:
    if successor and successor not in successors:
        return None if successor in reading.codes else _("unknown successor %s") % successor[:20]
    if has_cycle(row.code, successors):
        return _("the line of successors comes back to the office")
    return None
