"""The paper in the officer's hand beside the dossier: which version it is, and what to compare."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest

from registration.models import Declaration, Document
from registration.proof import short_hash
from registration.references import MAX_VERSION


@dataclass(frozen=True)
class OtherPaper:
    """A scanned paper that is not the present version, or may be another: `version` 0 is a code that names none.

    A check code is empty where no document of the version is stored.
    """

    version: int
    code: str
    present_version: int
    present_code: str


def check_codes(documents: Iterable[Document]) -> dict[int, str]:
    """The check code (mã đối chiếu) of each version, as the paper says it."""
    return {document.version: short_hash(document.data_sha256) for document in documents}


def scanned_version(request: HttpRequest) -> int | None:
    """The version that the address (after a scan) or the form on that page names."""
    named = request.POST.get("scanned") or request.GET.get("scanned", "")
    if not (named.isascii() and named.isdecimal() and len(named) <= len(str(MAX_VERSION))):
        return None
    return int(named)


def other_paper(request: HttpRequest, declaration: Declaration, codes: dict[int, str]) -> OtherPaper | None:
    """The paper that was scanned to come here, where it is not the version that counts."""
    version, present = scanned_version(request), declaration.version
    if version is None or version == present or (version == 0 and present == 1):
        return None
    return OtherPaper(version, codes.get(version, ""), present, codes.get(present, ""))


def is_unconfirmed(request: HttpRequest, declaration: Declaration) -> bool:
    """Whether another version was scanned and the officer has not said to hold the present one."""
    return scanned_version(request) not in (None, 0, declaration.version) and "has_present" not in request.POST
