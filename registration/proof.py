"""What proves what was submitted: the data of a declaration in one agreed form, and short forms of hashes.

The data are a JSON object: sorted keys, no spaces, UTF-8 in NFC. It names every photo by its SHA-256, so that the
hash of the data stands for the photos, too. The same bytes are attached to the PDF: whoever hashes them gets what
the paper says.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from registration.answers import stored_answers
from registration.models import Attachment, Declaration

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
# 16 hexadecimal digits, 64 bits: too many to try, few enough to type.
SHORT_LENGTH = 16
_WHOLE = re.compile(r"[0-9a-f]{64}")
_SHORT = re.compile(rf"[0-9a-f]{{{SHORT_LENGTH}}}")


def declaration_data(declaration: Declaration, photos: Iterable[Attachment]) -> dict[str, Any]:
    """What the citizen declared in the present version, times with Vietnam's offset."""
    return {
        "reference": declaration.reference_text,
        "version": declaration.version,
        "submitted_at": _moment(declaration.submitted_at),
        **stored_answers(declaration),
        "agency": {"code": declaration.agency_code, "name": declaration.agency_name},
        "consent": {"version": declaration.consent_version, "given_at": _moment(declaration.consented_at)},
        "photos": [{"kind": str(photo.kind), "bytes": photo.size, "sha256": photo.sha256} for photo in photos],
    }


def canonical_json(data: dict[str, Any]) -> bytes:
    """The one way in which these data are written, so that equal data have equal hashes."""
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return unicodedata.normalize("NFC", text).encode()


def sha256_hex(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def short_hash(sha256: str) -> str:
    """The first 16 hexadecimal digits, grouped for reading aloud: `3f2a-91bc-07de-4410`."""
    return "-".join(sha256[at : at + 4] for at in range(0, SHORT_LENGTH, 4))


def parse_short_hash(text: str) -> str | None:
    """The 16 digits of a short hash as people type it, or all 64 of a SHA-256; None for anything else."""
    symbols = "".join(sign for sign in text.lower() if sign.isalnum()).replace("o", "0").replace("l", "1")
    return symbols if _SHORT.fullmatch(symbols) or _WHOLE.fullmatch(symbols) else None


def _moment(moment: datetime) -> str:
    return moment.astimezone(VIETNAM).isoformat(timespec="seconds")
