"""The closed lists of the registration: statuses, kinds of paper and photo, what staff may do."""

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    """Where a declaration stands. Changed only by `registration.services`."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Waiting for the paper")
    RECEIVED = "received", _("Paper received")
    APPROVED = "approved", _("Approved")
    ACTIVE = "active", _("Account in use")
    RETURNED = "returned", _("Returned for correction")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Expired")


# A BHXH number has at most one declaration in these statuses, and its phone is taken while it has.
LIVE_STATUSES = (Status.SUBMITTED, Status.RECEIVED, Status.APPROVED, Status.ACTIVE, Status.RETURNED)
# Staff have something to do, or are waiting for the citizen.
OPEN_STATUSES = (Status.SUBMITTED, Status.RECEIVED, Status.RETURNED)
# The citizen has to act, and has until a day that was told.
AWAITED_STATUSES = (Status.SUBMITTED, Status.RETURNED)

# In these the applicant may open the dossier: in the browser that submitted it, or with a code. Afterwards nobody may,
# and with an account in use the way leads through that.
OPENABLE_STATUSES = (Status.SUBMITTED, Status.RECEIVED, Status.RETURNED, Status.APPROVED, Status.REJECTED)
# In these an opened dossier shows the photos, and in all but RETURNED the PDF too: that paper is no longer valid.
SHOWN_STATUSES = (Status.SUBMITTED, Status.RECEIVED, Status.RETURNED, Status.APPROVED)
# Staff's words stand on Status; these are the citizen's.
CITIZEN_LABELS: dict[str, str | Promise] = {
    Status.SUBMITTED: _("Waiting for your signed paper"),
    Status.RECEIVED: _("Paper received"),
    Status.APPROVED: _("Approved"),
    Status.ACTIVE: _("Account opened"),
    Status.RETURNED: _("To be corrected"),
    Status.REJECTED: _("Not approved"),
    Status.WITHDRAWN: _("Withdrawn"),
    Status.EXPIRED: _("Expired"),
}


class PaperKind(TextChoices):
    """The identity paper shown."""

    CCCD = "cccd", _("Citizen card (CCCD)")
    CMND = "cmnd", _("Old identity card (CMND)")
    PASSPORT = "passport", _("Passport")


class PhotoKind(TextChoices):
    """The photos of a declaration, in the order of the form."""

    PORTRAIT = "portrait", _("Portrait photo")
    ID_FRONT = "id_front", _("Photo of the front")
    ID_BACK = "id_back", _("Photo of the back")


def required_photos(paper_kind: str) -> list[PhotoKind]:
    """The photos that a declaration with this paper cannot do without: a passport's back is optional."""
    needed = [PhotoKind.PORTRAIT, PhotoKind.ID_FRONT]
    return needed if paper_kind == PaperKind.PASSPORT else [*needed, PhotoKind.ID_BACK]


class AccessKind(TextChoices):
    """What a member of staff opened."""

    DOSSIER = "dossier", _("Dossier")
    PHOTO = "photo", _("Photo")
    DOCUMENT = "document", _("PDF")
    RESEND = "resend", _("Password sent again")
    OPEN_CODE = "open_code", _("Code to open the dossier given")
