"""Ghi nhận: a draft becomes a declaration, once."""

import re

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from agencies.models import Agency
from common.days import end_of_day_in
from common.text import name_key
from notifications.enums import MessageKind
from notifications.services import has_messages
from registration.answers import NAMES, Answers, stored_answers
from registration.enums import LIVE_STATUSES, Status, required_photos
from registration.legal import CONSENT_VERSION
from registration.models import Attachment, Declaration, Draft, StatusChange
from registration.references import make_reference
from registration.services.errors import AlreadyDecided, AlreadySubmitted, NumberTaken, PhoneTaken, PhotosMissing
from registration.services.pages import FormPage, answers_digest, check_photos, is_resent
from registration.services.texts import send_messages, send_phone_changed
from registration.throttle import allow

_TRIES = 5
# "BHXH tỉnh Hà Giang" stands in Hà Giang; of the cities only the one named after a person keeps its title
# (Nghị định 30/2020/NĐ-CP, Phụ lục I).
_PROVINCE = re.compile(r"BHXH (?:tỉnh |TP\. (?!Hồ Chí Minh))?(?P<place>.+)")


def submit_declaration(
    draft: Draft, answers: Answers, page: FormPage | None = None, *, address: str = ""
) -> Declaration:
    """Store the declaration of this draft with its photos; a second call for the same draft returns the first's.

    A draft that corrects a returned declaration makes its next version instead of a new one. With `page`, only what
    that page shows is submitted. A client `address` that has sent notices to many new phones sends no further one: the
    declaration goes its way without. Raises NumberTaken, PhoneTaken, PhotosMissing, AlreadyDecided when a correction
    comes too late, and for a page PageOutdated when its photos have changed, AlreadySubmitted after another page.
    """
    for attempt in range(_TRIES):
        try:
            with transaction.atomic():
                return _submit(draft, answers, page, address)
        except NumberTaken:
            _note_contest(answers)
            raise
        except IntegrityError:
            # Another declaration took the number, the phone's place or the reference between our look and our
            # write. Looking again names the refusal, or finds another place.
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


def _note_contest(answers: Answers) -> None:
    """Staff are told that somebody else has claimed the number: one of the two is not its owner."""
    holder = Declaration.objects.filter(bhxh_number=answers.bhxh_number, status__in=LIVE_STATUSES)
    holder.exclude(phone=answers.phone).update(contested=F("contested") + 1, contested_at=timezone.now())


def _submit(draft: Draft, answers: Answers, page: FormPage | None, address: str) -> Declaration:
    locked = Draft.objects.select_for_update(of=("self",)).get(pk=draft.pk)
    if locked.declaration is not None:
        if page is not None and not is_resent(locked, page, {}):
            raise AlreadySubmitted
        return locked.declaration
    photos = locked.photos()
    if page is not None:
        check_photos(locked, page, {})
        locked.sent_digest = answers_digest(page.answers)
    missing = [kind.value for kind in required_photos(answers.paper_kind) if kind not in photos]
    if missing:
        raise PhotosMissing(missing)
    declaration = _corrected(locked) if locked.corrects_id else Declaration(reference=make_reference())
    previous = Status(declaration.status) if declaration.pk else Status.DRAFT
    before = stored_answers(declaration) if declaration.pk else {}
    _fill(declaration, answers)
    after = stored_answers(declaration)
    declaration.previous = {name: value for name, value in before.items() if value != after[name]}
    declaration.save()
    _claim(photos, declaration)
    locked.declaration, locked.answers = declaration, {}
    locked.save(update_fields=["declaration", "answers", "sent_digest", "updated_at"])
    StatusChange.objects.create(
        declaration=declaration, from_status=previous, to_status=Status.SUBMITTED, version=declaration.version
    )
    send_messages([declaration], MessageKind.RECEIVED, hold=_is_spraying(address, declaration.phone))
    if old_phone := declaration.previous.get("phone"):
        send_phone_changed(declaration, old_phone)
    return declaration


def _is_spraying(address: str, phone: str) -> bool:
    """Whether this client has made SMS go to too many phones that had none before."""
    return bool(address) and not has_messages(phone) and not allow("sms-new-phones", address)


def _corrected(draft: Draft) -> Declaration:
    declaration = Declaration.objects.select_for_update().get(corrections=draft)
    if declaration.status != Status.RETURNED:
        raise AlreadyDecided
    declaration.version += 1
    declaration.revision += 1
    return declaration


def _fill(declaration: Declaration, answers: Answers) -> None:
    now = timezone.now()
    _refuse_taken_number(answers.bhxh_number, declaration)
    for name in NAMES:
        setattr(declaration, name, getattr(answers, name))
    declaration.name_key = name_key(answers.full_name)
    declaration.phone_slot = _free_slot(answers.phone, declaration)
    declaration.agency_code = answers.agency.code
    declaration.agency_name = answers.agency.name
    declaration.place = _place(answers.agency)
    declaration.language = answers.language
    declaration.consent_version = CONSENT_VERSION
    declaration.consented_at = now
    declaration.status = Status.SUBMITTED
    declaration.reason = ""
    declaration.unprintable = []
    declaration.submitted_at = now
    declaration.expires_at = end_of_day_in(settings.PAPER_DAYS, now=now)


def _place(agency: Agency) -> str:
    """The province whose office is addressed, for the head of the paper; empty where the name does not tell."""
    match = _PROVINCE.fullmatch((agency.parent or agency).name)
    return match["place"] if match else ""


def _refuse_taken_number(number: str, declaration: Declaration) -> None:
    live = Declaration.objects.filter(bhxh_number=number, status__in=LIVE_STATUSES).exclude(pk=declaration.pk)
    if live.exists():
        raise NumberTaken


def _free_slot(phone: str, declaration: Declaration) -> int:
    """The lowest free place of the phone: with places numbered, the database itself holds the limit."""
    others = Declaration.objects.filter(phone=phone, status__in=LIVE_STATUSES).exclude(pk=declaration.pk)
    taken = dict(others.values_list("phone_slot", "bhxh_number"))
    if declaration.bhxh_number in taken.values():
        # The same number, stored by somebody else since we looked for it.
        raise NumberTaken
    free = [slot for slot in range(1, settings.NUMBERS_PER_PHONE + 1) if slot not in taken]
    if not free:
        raise PhoneTaken
    return free[0]


def _claim(photos: dict[str, Attachment], declaration: Declaration) -> None:
    for photo in photos.values():
        photo.draft, photo.declaration, photo.version = None, declaration, declaration.version
        photo.save(update_fields=["draft", "declaration", "version"])
