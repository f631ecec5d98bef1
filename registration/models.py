"""What the registration keeps: drafts, photos, declarations, their changes, their documents, who looked."""

import secrets

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.db.models.functions import Right
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agencies.models import Agency
from registration.enums import AWAITED_STATUSES, LIVE_STATUSES, AccessKind, PaperKind, PhotoKind, Status
from registration.photo_quality import QUALITY_TEXTS, QUALITY_WORDS
from registration.references import format_reference

# The numbers that are found by their last digits, and how many of these the index holds.
ENDINGS = ("phone", "bhxh_number", "paper_number")
ENDING_LENGTH = 4
# Literal values: a partial index serves only queries whose condition the planner can match.
_LIVE = Q(status__in=[str(status) for status in LIVE_STATUSES])
_AWAITED = Q(status__in=[str(status) for status in AWAITED_STATUSES])


# What a citizen wrote; the other texts on the paper are the office's.
UNPRINTABLE_BY_CITIZEN = ("full_name", "bhxh_number", "paper_number", "address", "phone", "email")


def make_token() -> str:
    """An unguessable name for a private page: 192 bits, safe in a URL."""
    return secrets.token_urlsafe(24)


def private_storage() -> Storage:
    """Where photos and documents live: never under a public URL."""
    return storages["private"]


def attachment_path(attachment: "Attachment", filename: str) -> str:
    """A random name in one of 256 folders; nothing of the person, the declaration or the phone's file name."""
    name = secrets.token_hex(16)
    return f"attachments/{name[:2]}/{name}.jpg"


def document_path(document: "Document", filename: str) -> str:
    name = secrets.token_hex(16)
    return f"documents/{name[:2]}/{name}.pdf"


class Declaration(models.Model):
    """One person's declaration, from Ghi nhận on."""

    reference = models.CharField(_("reference"), max_length=12, unique=True, editable=False)
    token = models.CharField(max_length=40, unique=True, default=make_token, editable=False)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.SUBMITTED)
    version = models.PositiveSmallIntegerField(_("version"), default=1)
    # Counts every change; a decision names the revision that the officer saw.
    revision = models.PositiveIntegerField(default=1)

    full_name = models.CharField(_("full name"), max_length=100)
    name_key = models.CharField(max_length=120, editable=False)
    bhxh_number = models.CharField(_("BHXH number"), max_length=10)
    paper_kind = models.CharField(_("kind of paper"), max_length=10, choices=PaperKind)
    paper_number = models.CharField(_("paper number"), max_length=12)
    address = models.CharField(_("contact address"), max_length=300)
    phone = models.CharField(_("mobile phone"), max_length=16)
    phone_slot = models.PositiveSmallIntegerField(default=1)
    email = models.EmailField(_("email"), blank=True)

    agency = models.ForeignKey(
        Agency, verbose_name=_("receiving agency"), on_delete=models.PROTECT, related_name="declarations"
    )
    # As they were on the day: an agency may be renamed or merged later.
    agency_code = models.CharField(max_length=5)
    agency_name = models.CharField(max_length=200)
    # Where the paper says that it was written: the province of the office.
    place = models.CharField(max_length=200, blank=True)

    consent_version = models.CharField(max_length=20)
    consented_at = models.DateTimeField()
    language = models.CharField(max_length=5, default="vi")
    # What a correction changed: the values of the version before, by field.
    previous = models.JSONField(default=dict, blank=True)
    reason = models.TextField(
        _("reason"), blank=True, help_text=_("Why it was returned or rejected, as the citizen reads it.")
    )
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="declarations"
    )

    # The fields of the present version with signs that the font lacks: no paper is made while there are any.
    unprintable = models.JSONField(default=list, blank=True)

    # How often somebody with another phone was refused because this declaration has the number, and when last.
    contested = models.PositiveIntegerField(default=0)
    contested_at = models.DateTimeField(null=True)

    submitted_at = models.DateTimeField(_("submitted"), default=timezone.now)
    expires_at = models.DateTimeField(_("paper due by"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("declaration")
        verbose_name_plural = _("declarations")
        ordering = ["-submitted_at", "-pk"]
        permissions = [
            ("receive_declaration", "Can record that the paper has arrived"),
            ("approve_declaration", "Can approve declarations"),
            ("return_declaration", "Can return declarations for correction"),
            ("reject_declaration", "Can reject declarations"),
            ("reopen_declaration", "Can take an approval back while nobody has used the account"),
            ("resend_declaration", "Can send the password of an approved declaration again"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["bhxh_number"], condition=_LIVE, name="one_live_declaration_a_number"),
            models.UniqueConstraint(fields=["phone", "phone_slot"], condition=_LIVE, name="one_number_a_phone_slot"),
            models.CheckConstraint(
                condition=Q(status__in=[str(status) for status in Status]), name="declaration_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["agency", "status", "-submitted_at"], name="declaration_queue"),
            models.Index(fields=["paper_number"], name="declaration_paper"),
            models.Index(fields=["bhxh_number"], name="declaration_number"),
            models.Index(fields=["phone"], name="declaration_phone"),
            *(models.Index(Right(name, ENDING_LENGTH), name=f"declaration_{name}_end") for name in ENDINGS),
            models.Index(fields=["expires_at"], condition=_AWAITED, name="declaration_due"),
        ]

    def __str__(self) -> str:
        return self.reference_text

    @property
    def reference_text(self) -> str:
        return format_reference(self.reference)

    @property
    def agency_label(self) -> str:
        """The agency as the original lists write it, with the name of the day of submission."""
        return f"[{self.agency_code}] {self.agency_name}"

    @property
    def unprintable_labels(self) -> list[str]:
        """What people call the fields that cannot be printed; the office's name and place are the office's."""
        labels = {field.name: str(field.verbose_name) for field in self._meta.fields}
        names = (name if name in UNPRINTABLE_BY_CITIZEN else "agency" for name in self.unprintable)
        return [labels[name] for name in dict.fromkeys(names)]

    @property
    def message_key(self) -> str:
        """How messages about this declaration are found without the two apps knowing each other."""
        return f"declaration:{self.pk}"

    def current_attachments(self) -> "models.QuerySet[Attachment]":
        """The photos of the present version, in the order of the form."""
        return in_form_order(self.attachments.filter(version=self.version))


def in_form_order(photos: "models.QuerySet[Attachment]") -> "models.QuerySet[Attachment]":
    """Portrait, front, back: as the form asks for them."""
    order = models.Case(
        *(models.When(kind=kind, then=place) for place, kind in enumerate(PhotoKind.values)),
        output_field=models.SmallIntegerField(),
    )
    return photos.order_by(order)


class Draft(models.Model):
    """What a citizen has entered before Ghi nhận; removed after a day."""

    token = models.CharField(max_length=40, unique=True)
    answers = models.JSONField(default=dict)
    # Counts the savings of answers; a page may save over what it has seen, and over what it saved itself.
    revision = models.PositiveIntegerField(default=0)
    saved_by = models.CharField(max_length=40, blank=True)
    # By which another device goes on (registration.resume_codes), made when something is worth resuming.
    resume_code = models.CharField(max_length=16, blank=True)
    phone_linked_at = models.DateTimeField(null=True)
    phone_opened_at = models.DateTimeField(null=True)
    # A returned declaration that this draft corrects.
    corrects = models.ForeignKey(Declaration, null=True, on_delete=models.CASCADE, related_name="corrections")
    # What became of it: a second Ghi nhận of the same draft finds the first one's declaration here.
    declaration = models.ForeignKey(Declaration, null=True, on_delete=models.CASCADE, related_name="drafts")
    # A keyed digest of the answers that were submitted: whether a later POST says the same.
    sent_digest = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["resume_code"], condition=~Q(resume_code=""), name="one_draft_a_code"),
        ]

    def __str__(self) -> str:
        return f"draft {self.pk}"

    def photos(self) -> "dict[str, Attachment]":
        """The photos that Ghi nhận would take, by kind: without those that were replaced or removed."""
        return {photo.kind: photo for photo in in_form_order(self.attachments.filter(superseded_at=None))}


class Attachment(models.Model):
    """One stored photo: of a draft until Ghi nhận claims it, of a version of the declaration from then on."""

    token = models.CharField(max_length=40, unique=True, default=make_token)
    kind = models.CharField(_("kind"), max_length=10, choices=PhotoKind)
    draft = models.ForeignKey(Draft, null=True, on_delete=models.CASCADE, related_name="attachments")
    declaration = models.ForeignKey(Declaration, null=True, on_delete=models.CASCADE, related_name="attachments")
    version = models.PositiveSmallIntegerField(default=1)
    file = models.FileField(upload_to=attachment_path, storage=private_storage, max_length=200)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    size = models.PositiveIntegerField(help_text=_("bytes"))
    sha256 = models.CharField(max_length=64)
    # The copy that the document shows (registration.print_photos), made when the photo came.
    print_file = models.FileField(upload_to=attachment_path, storage=private_storage, max_length=200, blank=True)
    print_sha256 = models.CharField(max_length=64, blank=True)
    quality = models.JSONField(default=list)
    # What the card's QR code says (registration.cards); empty where there is no readable card.
    card = models.JSONField(null=True)
    # The page of the form that sent it: one whose answer was lost on the way is still that page's own.
    stored_by = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    # When it was replaced or removed in its draft. It is kept with the draft: another page may still show it.
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draft", "kind"], condition=Q(superseded_at=None), name="one_photo_a_kind_in_a_draft"
            ),
            models.UniqueConstraint(fields=["declaration", "version", "kind"], name="one_photo_a_kind_in_a_version"),
            models.CheckConstraint(
                condition=Q(draft__isnull=False, declaration__isnull=True)
                | Q(draft__isnull=True, declaration__isnull=False),
                name="photo_belongs_to_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"

    def file_names(self) -> list[str]:
        """What the store holds for this photo."""
        return [file.name for file in (self.file, self.print_file) if file and file.name]

    def warnings(self) -> list[str]:
        """What may be wrong with the photo, as texts for the citizen."""
        return [str(QUALITY_TEXTS[code]) for code in self.quality if code in QUALITY_TEXTS]

    def quality_marks(self) -> list[tuple[str, str]]:
        """The same for staff: a word and the text behind it."""
        return [(str(QUALITY_WORDS[code]), str(QUALITY_TEXTS[code])) for code in self.quality if code in QUALITY_TEXTS]


class StatusChange(models.Model):
    """One step in the life of a declaration: who, when, from, to, why. Never changed, never removed."""

    declaration = models.ForeignKey(Declaration, on_delete=models.CASCADE, related_name="changes")
    from_status = models.CharField(_("from"), max_length=12, choices=Status)
    to_status = models.CharField(_("to"), max_length=12, choices=Status)
    # Empty where the citizen or the clock made the change.
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(_("reason"), blank=True)
    version = models.PositiveSmallIntegerField(default=1)
    changed_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["changed_at", "pk"]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"


class Document(models.Model):
    """The PDF of one version of a declaration, made once."""

    declaration = models.ForeignKey(Declaration, on_delete=models.CASCADE, related_name="documents")
    version = models.PositiveSmallIntegerField()
    file = models.FileField(upload_to=document_path, storage=private_storage, max_length=200)
    size = models.PositiveIntegerField(help_text=_("bytes"))
    sha256 = models.CharField(max_length=64, db_index=True)
    # Of this version, which the declaration's own row forgets when it is corrected.
    data_sha256 = models.CharField(max_length=64)
    submitted_at = models.DateTimeField()
    # Kinds of the photos that could not be printed: staff are told.
    unreadable = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["declaration", "version"], name="one_document_a_version"),
        ]

    def __str__(self) -> str:
        return f"document {self.declaration_id}/{self.version}"


class FormerDocument(models.Model):
    """What a document's hash was before the file was lost and made again otherwise: the paper is out there."""

    document = models.ForeignKey(Document, on_delete=models.CASCADE, related_name="former")
    sha256 = models.CharField(max_length=64, db_index=True)

    def __str__(self) -> str:
        return f"former document {self.document_id}"


class AccessCode(models.Model):
    """A code that opens one dossier for the applicant, once. Only its hash is kept."""

    declaration = models.ForeignKey(Declaration, on_delete=models.CASCADE, related_name="access_codes")
    # Random, of the browser session that asked for it and alone may type it. An officer's code has none until it is
    # used.
    asking = models.CharField(max_length=40, blank=True)
    # Where it was sent: when the declaration has another phone by now, the code is void. Empty for an officer's.
    phone = models.CharField(max_length=16, blank=True)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    code_hash = models.CharField(max_length=64, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code {self.pk}"


class AccessEvent(models.Model):
    """Somebody on the staff opened a dossier, a photo or a document (sensitive personal data)."""

    declaration = models.ForeignKey(Declaration, on_delete=models.CASCADE, related_name="access_events")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=AccessKind)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.declaration_id} {self.user_id}"


class Setback(models.Model):
    """A row that the clock's work (registration.services.draining) could not do: left alone until then."""

    kind = models.CharField(max_length=20)
    row_id = models.BigIntegerField()
    times = models.PositiveIntegerField(default=0)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "row_id"], name="one_setback_a_row")]

    def __str__(self) -> str:
        return f"{self.kind} {self.row_id}"
