"""Kiểm tra: is this paper the registered one? Answers nothing that tells who declared what."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from registration.enums import LIVE_STATUSES
from registration.models import Document
from registration.proof import SHORT_LENGTH

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Registered:
    """A registered version of a declaration: what the paper itself says, and whether it is the latest.

    `agency` is named for the present version only; `is_open` is False once it was rejected, withdrawn or expired.
    """

    reference: str
    version: int
    submitted_at: datetime
    is_current: bool
    is_open: bool
    agency: str
    latest_version: int
    latest_at: datetime


def find_by_file(sha256: str) -> Registered | None:
    """The version whose stored PDF has this SHA-256 (hexadecimal), to the last byte."""
    if not _SHA256.fullmatch(sha256):
        return None
    return _registered(Document.objects.filter(Q(sha256=sha256) | Q(former__sha256=sha256)))


def find_by_hash(reference: str, short: str) -> Registered | None:
    """The version of this reference whose data's SHA-256 begins with these 16 digits, or is these 64.

    One query, whether the reference is unknown or the digits are wrong.
    """
    if len(short) not in (SHORT_LENGTH, 64):
        return None
    return _registered(Document.objects.filter(declaration__reference=reference, data_sha256__startswith=short))


def _registered(documents: QuerySet[Document]) -> Registered | None:
    document = documents.select_related("declaration").first()
    if document is None:
        return None
    declaration = document.declaration
    is_current = document.version == declaration.version
    return Registered(
        reference=declaration.reference_text,
        version=document.version,
        submitted_at=document.submitted_at,
        is_current=is_current,
        is_open=declaration.status in LIVE_STATUSES,
        agency=declaration.agency_label if is_current else "",
        latest_version=declaration.version,
        latest_at=declaration.submitted_at,
    )
