"""All writes to the agency tree, and who may see which part of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agencies.csv_rows import AgencyImportError, AgencyRow, Links, Problem, link_problems, read_rows
from agencies.enums import Level
from agencies.models import Agency, AgencyQuerySet, StaffMember
from agencies.surprises import Accepted, Finding, find_surprises
from agencies.text import search_key
from agencies.work import open_work

NOTHING = Accepted()

_IMPORTED = (
    "name", "level", "basis", "parent_id", "successor_id", "path", "search_key", "valid_from", "valid_until",
    "address", "phone", "email", "opening_hours",
)  # fmt: skip


@dataclass(frozen=True)
class ImportResult:
    """How many agencies an import made, changed and found already as told."""

    created: int
    updated: int
    unchanged: int


def agencies_for(user: AbstractBaseUser | AnonymousUser) -> AgencyQuerySet:
    """What `user` may see: all for a superuser, for staff their agency and those below it, else none."""
    everything: AgencyQuerySet = Agency.objects.all()
    if not user.is_active:
        return everything.none()
    if getattr(user, "is_superuser", False):
        return everything
    member = StaffMember.objects.select_related("agency").filter(user_id=user.pk).first()
    return everything.within(member.agency) if member else everything.none()


def save_agency(agency: Agency) -> None:
    """Save one agency with its path and search key. The caller has validated it (`full_clean`)."""
    _place(agency, agency.parent)
    agency.save()


class SurprisingImport(Exception):
    """The file was refused and nothing was stored: `findings` are for somebody to look at and to confirm."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        super().__init__(f"{len(findings)} surprising changes")


@dataclass(frozen=True)
class Preview:
    """What an import would do, and what of it is surprising."""

    result: ImportResult
    findings: list[Finding]


@transaction.atomic
def import_agencies(file: BinaryIO, *, accepted: Accepted = NOTHING) -> ImportResult:
    """Load or update agencies from a CSV opened in binary mode; all rows or none.

    Columns: code, name, parent_code and level are required; basis, valid_from, valid_until (YYYY-MM-DD),
    successor_code, address, phone, email and opening_hours are optional. A parent may stand on a later line
    or be stored already. A column that is absent, and a contact that is blank, leave what is stored as it
    was; agencies that are not in the file stay. Raises AgencyImportError with all bad lines and reasons, and
    SurprisingImport where something is not to be expected of a list of offices and is not `accepted`.
    """
    rows, stored = _read(file)
    findings = [finding for finding in find_surprises(rows, stored) if not accepted.covers(finding)]
    if findings:
        raise SurprisingImport(findings)
    return _store(rows, stored)


def preview_agencies(file: BinaryIO) -> Preview:
    """What `import_agencies` would do with this file, all accepted; nothing is stored. Raises AgencyImportError."""
    with transaction.atomic():
        rows, stored = _read(file)
        findings = find_surprises(rows, stored)
        preview = Preview(_store(rows, stored), findings)
        transaction.set_rollback(True)
    return preview


def _read(file: BinaryIO) -> tuple[list[AgencyRow], dict[str, Agency]]:
    reading = read_rows(file)
    stored: dict[str, Agency] = {agency.code: agency for agency in Agency.objects.select_for_update()}
    problems = reading.problems + link_problems(reading, _links(stored)) + _work_problems(reading.rows, stored)
    if problems:
        raise AgencyImportError(problems)
    return reading.rows, stored


def _work_problems(rows: Sequence[AgencyRow], stored: Mapping[str, Agency]) -> list[Problem]:
    """An office that ends with open dossiers needs one that takes them over."""
    ending = [
        row for row in rows if row.code in stored and row.fields.get("valid_until") and not _successor(row, stored)
    ]
    if not ending:
        return []
    waiting = open_work([stored[row.code].pk for row in ending])
    return [
        Problem(row.line, f"{open_dossiers_text(number)} {_('Name it in the column successor_code.')}")
        for row in ending
        if (number := waiting.get(stored[row.code].pk, 0))
    ]


def _successor(row: AgencyRow, stored: Mapping[str, Agency]) -> object:
    return stored[row.code].successor_id if row.successor_code is None else row.successor_code


def open_dossiers_text(number: int) -> str:
    """Why an office cannot end without a successor."""
    return ngettext(
        "%(number)d dossier is still open at this office: it cannot end before another office takes it over.",
        "%(number)d dossiers are still open at this office: it cannot end before another office takes them over.",
        number,
    ) % {"number": number}


def _links(stored: Mapping[str, Agency]) -> dict[str, Links]:
    codes: dict[int | None, str] = {agency.pk: code for code, agency in stored.items()}
    return {
        code: Links(agency.level, codes.get(agency.parent_id, ""), codes.get(agency.successor_id, ""))
        for code, agency in stored.items()
    }


def _store(rows: Sequence[AgencyRow], stored: Mapping[str, Agency]) -> ImportResult:
    agencies = {**stored, **{row.code: Agency(code=row.code) for row in rows if row.code not in stored}}
    before = {row.code: _state(stored[row.code]) for row in rows if row.code in stored}
    # Provinces first: a district needs its province's primary key and path.
    for level in (Level.PROVINCE, Level.DISTRICT):
        here = [row for row in rows if row.fields["level"] == level]
        for row in here:
            _apply(row, agencies)
        Agency.objects.bulk_create(agencies[row.code] for row in here if row.code not in stored)
    followed = [row for row in rows if row.successor_code is not None]
    for row in followed:
        agencies[row.code].successor = agencies.get(row.successor_code or "")
    changed = [agencies[code] for code, state in before.items() if _state(agencies[code]) != state]
    new_with_successor = [agencies[r.code] for r in followed if r.code not in stored and r.successor_code]
    _update([*changed, *new_with_successor])
    return ImportResult(len(rows) - len(before), len(changed), len(before) - len(changed))


def _state(agency: Agency) -> tuple[Any, ...]:
    return tuple(getattr(agency, field) for field in _IMPORTED)


def _apply(row: AgencyRow, agencies: Mapping[str, Agency]) -> None:
    agency = agencies[row.code]
    for field, value in row.fields.items():
        setattr(agency, field, value)
    agency.parent = agencies[row.parent_code] if row.parent_code else None
    _place(agency, agency.parent)


def _place(agency: Agency, parent: Agency | None) -> None:
    agency.path = f"{parent.path if parent else ''}{agency.code}/"
    agency.search_key = search_key(agency.code, parent.code if parent else "", agency.name)


def _update(agencies: list[Agency]) -> None:
    for agency in agencies:
        agency.updated_at = timezone.now()
    fields = [field.removesuffix("_id") for field in _IMPORTED]
    Agency.objects.bulk_update(agencies, [*fields, "updated_at"], batch_size=60)
