"""Drafts and their photos: what a citizen has entered before Ghi nhận."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from common.text import tidy
from registration.answers import NAMES, typed_answers_of
from registration.cards import card_of
from registration.enums import PhotoKind, Status
from registration.images import NormalisedImage
from registration.models import Attachment, Declaration, Draft, make_token, private_storage
from registration.print_photos import print_copy_of
from registration.references import format_reference, parse_reference
from registration.resume_codes import DIGITS, format_resume_code, make_resume_code, parse_resume_code
from registration.services.draining import DRAFTS, DRAIN_SECONDS, drain
from registration.services.errors import AlreadyDecided, PageOutdated
from registration.services.storing import NewFiles, new_files

logger = logging.getLogger(__name__)

# How many replaced or removed photos a draft keeps for the other pages that may still show them.
MAX_SUPERSEDED = 12


def find_draft(token: str) -> Draft | None:
    """The draft of this token, if it has been stored."""
    return Draft.objects.select_related("declaration", "corrects").filter(token=token).first()


def is_over(draft: Draft) -> bool:
    """Whether nothing can be made of it any more: it was submitted, or what it corrects no longer waits for that."""
    return draft.declaration_id is not None or (draft.corrects is not None and draft.corrects.status != Status.RETURNED)


def open_draft(token: str) -> Draft:
    """The draft of this token, stored now if it was not. Two requests at once get the same one."""
    try:
        with transaction.atomic():
            draft, _created = Draft.objects.get_or_create(token=token)
    except IntegrityError:
        draft = Draft.objects.get(token=token)
    return draft


def stored_drafts(tokens: Iterable[str]) -> list[Draft]:
    """Those of these drafts that are stored and still kept, the latest saved first."""
    since = timezone.now() - timedelta(hours=settings.DRAFT_HOURS)
    drafts = Draft.objects.filter(token__in=list(tokens), updated_at__gte=since)
    return list(drafts.select_related("corrects").prefetch_related("attachments").order_by("-updated_at", "-pk"))


def save_answers(draft: Draft, answers: dict[str, Any], page: str = "", seen: int | None = None) -> None:
    """Keep what was typed, as typed. A draft that became a declaration keeps nothing.

    `page` is the page that saves and `seen` the revision that it was made from; with None it saves over anything.
    Raises PageOutdated when another page has saved other answers since then: those of two pages are never mixed.
    """
    with transaction.atomic():
        locked = _lock(draft)
        if locked.declaration_id is None and locked.answers != answers:
            if locked.revision and seen not in (None, locked.revision) and page != locked.saved_by:
                raise PageOutdated
            locked.answers, locked.saved_by, locked.revision = answers, page, locked.revision + 1
        if locked.declaration_id is None:
            locked.save(update_fields=["answers", "saved_by", "revision", "updated_at"])
        draft.answers, draft.revision = locked.answers, locked.revision


def typed_answers(data: Mapping[str, str]) -> dict[str, str]:
    """What was typed into the form's fields, right or wrong, within bounds. Consent is asked anew each time."""
    return {name: tidy(str(data.get(name, "")))[:1000] for name in NAMES}


def resume_code(draft: Draft) -> str:
    """The code by which another device goes on with this draft, made at the first asking. Empty once submitted."""
    if draft.declaration_id is not None:
        return ""
    while not draft.resume_code:
        try:
            with transaction.atomic():
                Draft.objects.filter(pk=draft.pk, resume_code="").update(resume_code=make_resume_code())
        except IntegrityError:
            continue  # that code is another draft's
        draft.refresh_from_db(fields=["resume_code"])
    code = draft.resume_code
    return format_resume_code(code) if len(code) == DIGITS else format_reference(code)


def find_resumable(code: str) -> Draft | None:
    """The unsubmitted draft of a typed code, while it is kept."""
    since = timezone.now() - timedelta(hours=settings.DRAFT_HOURS)
    # Until 2026-11 such a code had the shape of a reference; drafts of that time are gone a day later.
    stored = parse_resume_code(code) or parse_reference(code)
    if stored is None:
        return None
    return Draft.objects.filter(resume_code=stored, declaration=None, updated_at__gte=since).first()


def link_phone(draft: Draft) -> None:
    """A phone has been invited to send photos."""
    Draft.objects.filter(pk=draft.pk).update(phone_linked_at=timezone.now(), phone_opened_at=None)


def mark_phone_opened(draft: Draft) -> None:
    Draft.objects.filter(pk=draft.pk, phone_opened_at=None).update(phone_opened_at=timezone.now())


def delete_files(names: Iterable[str]) -> None:
    """Remove stored files once the present transaction has succeeded; a failure is logged, not raised."""
    for name in names:
        transaction.on_commit(partial(_delete_file, name), robust=True)


def _delete_file(name: str) -> None:
    private_storage().delete(name)


def store_photo(draft: Draft, kind: str, image: NormalisedImage, page: str = "") -> Attachment:
    """Keep a normalised photo that `page` has sent in the draft, in place of an earlier one of its kind.

    Raises StoreUnavailable, and the earlier one stays; AlreadyDecided once the draft is a declaration.
    """
    with new_files() as files, transaction.atomic():
        locked = _lock_open(draft)
        _supersede(locked, kind)
        attachment = _attach(files, locked, kind, image, stored_by=page)
        locked.save(update_fields=["updated_at"])
    return attachment


def keep_aside(draft: Draft, kind: str, image: NormalisedImage) -> Attachment:
    """Keep a photo that came with a page whose draft was changed or submitted meanwhile, without using it.

    Raises StoreUnavailable.
    """
    with new_files() as files, transaction.atomic():
        locked = _lock(draft)
        attachment = _attach(files, locked, kind, image, superseded_at=timezone.now())
        _forget_oldest(locked)
    return attachment


def _lock(draft: Draft) -> Draft:
    """The draft's row, locked. Raises AlreadyDecided when another page has just deleted it."""
    locked = Draft.objects.select_for_update(of=("self",)).filter(pk=draft.pk).first()
    if locked is None:
        raise AlreadyDecided
    return locked


def _lock_open(draft: Draft) -> Draft:
    """The same. Raises AlreadyDecided once it is a declaration, too."""
    locked = _lock(draft)
    if locked.declaration_id is not None:
        raise AlreadyDecided
    return locked


def _attach(files: NewFiles, draft: Draft, kind: str, image: NormalisedImage, **fields: Any) -> Attachment:
    attachment = Attachment(
        draft=draft,
        kind=PhotoKind(kind),
        width=image.width,
        height=image.height,
        size=len(image.content),
        sha256=image.sha256,
        quality=list(image.quality),
        card=card_of(kind, image.content),
        **fields,
    )
    _save(files, attachment, image.content, image.print_content)
    return attachment


def _save(files: NewFiles, attachment: Attachment, content: bytes, printed: bytes) -> None:
    about = f"draft {attachment.draft_id}"
    files.save(attachment.file, content, about=about)
    files.save(attachment.print_file, printed, about=about)
    attachment.print_sha256 = hashlib.sha256(printed).hexdigest()
    attachment.save()


def discard_photo(draft: Draft, kind: str, token: str = "") -> None:
    """Take the photo of this kind out of the draft; with `token` only that one, not another page's newer photo.

    The file stays with the draft, among the last `MAX_SUPERSEDED`. Raises AlreadyDecided for a submitted draft.
    """
    with transaction.atomic():
        locked = _lock_open(draft)
        _supersede(locked, kind, token)
        locked.save(update_fields=["updated_at"])


def _supersede(draft: Draft, kind: str, token: str = "") -> None:
    photos = draft.attachments.filter(kind=kind, superseded_at=None)
    (photos.filter(token=token) if token else photos).update(superseded_at=timezone.now())
    _forget_oldest(draft)


def _forget_oldest(draft: Draft) -> None:
    aside = draft.attachments.exclude(superseded_at=None).order_by("-superseded_at", "-pk")
    gone = list(aside[MAX_SUPERSEDED:])
    Attachment.objects.filter(pk__in=[photo.pk for photo in gone]).delete()
    delete_files(name for photo in gone for name in photo.file_names())


def discard_draft(draft: Draft) -> None:
    """Remove an unsubmitted draft with its photos. Raises AlreadyDecided for a submitted one."""
    with transaction.atomic():
        _remove(_lock_open(draft))


def _remove(draft: Draft) -> None:
    delete_files([name for photo in draft.attachments.all() for name in photo.file_names()])
    draft.delete()


def begin_correction(declaration: Declaration) -> Draft:
    """A draft filled with a returned declaration's answers and copies of its photos.

    Raises AlreadyDecided when the declaration is not waiting for a correction; StoreUnavailable.
    """
    with new_files() as files, transaction.atomic():
        locked = Declaration.objects.select_for_update().get(pk=declaration.pk)
        if locked.status != Status.RETURNED:
            raise AlreadyDecided
        begun = locked.corrections.filter(declaration=None).order_by("-pk").first()
        if begun is not None:
            return begun
        draft = Draft.objects.create(token=make_token(), corrects=locked, answers=typed_answers_of(locked))
        for photo in locked.current_attachments():
            copy_photo(files, photo, draft)
    return draft


def copy_photo(files: NewFiles, photo: Attachment, draft: Draft) -> None:
    """The same photo in another draft, with files of its own; left out where its file cannot be read.

    Raises StoreUnavailable where they cannot be written.
    """
    try:
        with photo.file.open("rb") as stored:
            content = stored.read()
        printed = print_copy_of(content, photo.kind)
    except OSError:
        # The stored file is gone or broken: the citizen takes this photo again, the rest is kept.
        logger.error(
            "photo %s of declaration or draft %s cannot be read", photo.pk, photo.declaration_id or photo.draft_id
        )
        return
    copy = Attachment(
        draft=draft,
        kind=photo.kind,
        width=photo.width,
        height=photo.height,
        size=photo.size,
        sha256=photo.sha256,
        quality=photo.quality,
        card=photo.card,
    )
    _save(files, copy, content, printed)


def stale_drafts() -> QuerySet[Draft]:
    """Those that nobody has touched for `DRAFT_HOURS`."""
    return Draft.objects.filter(updated_at__lt=timezone.now() - timedelta(hours=settings.DRAFT_HOURS))


def purge_drafts(seconds: float = DRAIN_SECONDS) -> int:
    """Remove stale drafts with their photos, the oldest first, until none is left or `seconds` are over; how many."""
    return drain(DRAFTS, stale_drafts(), by="updated_at", work=_purge_draft, seconds=seconds).done


def _purge_draft(draft_id: int) -> bool:
    with transaction.atomic():
        draft = stale_drafts().select_for_update(of=("self",)).filter(pk=draft_id).first()
        if draft is None:
            return False
        # Files first: while one cannot be removed its row stays, and is tried again.
        for name in [name for photo in draft.attachments.all() for name in photo.file_names()]:
            private_storage().delete(name)
        draft.delete()
    return True
