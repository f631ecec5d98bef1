"""Believable declarations for the demo, made by the services as citizens and staff would make them.

Only two things are set afterwards, for nobody can wait thirty days: the times, and the messages, which count
as delivered because nothing must ever be sent to an invented number.
"""

import os
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from agencies.models import Agency
from common.days import day_of, end_of_day, end_of_day_in
from notifications.enums import MessageStatus
from notifications.models import Message
from notifications.services.queueing import without_publishing
from registration import services
from registration.answers import Answers
from registration.demo_people import HOME, Person
from registration.demo_photos import demo_photos
from registration.demo_stories import Sign, Story, story_of
from registration.enums import PhotoKind, Status
from registration.images import NormalisedImage
from registration.models import Declaration, Draft, make_token, private_storage
from registration.services.decisions import expire_declaration

if TYPE_CHECKING:
    from accounts.models import User

DAYS = 30
DRAWN_TOGETHER = 20
Photos = Mapping[str, NormalisedImage]
_RETURN_REASONS = (
    "Ảnh mặt trước giấy tờ bị lóa, không đọc được số. Đề nghị ông/bà chụp lại ở nơi đủ sáng.",
    "Số giấy tờ ghi trên tờ khai khác với số trên ảnh. Đề nghị ông/bà kiểm tra và sửa lại.",
    "Họ tên chưa có dấu. Đề nghị ông/bà ghi đúng như trên giấy tờ.",
)
_REJECT_REASONS = (
    "Mã số BHXH không thuộc về người kê khai. Đề nghị ông/bà liên hệ cơ quan BHXH để tra cứu mã số của mình.",
    "Tờ khai bằng giấy không có chữ ký của người kê khai.",
)


@dataclass(frozen=True)
class Cast:
    """Who works on the demo's declarations, and the hash of the password of citizens with an account."""

    district: "User"
    province: "User"
    password_hash: str


def make_demo_declarations(number: int, *, seed: int, cast: Cast) -> int:
    """Make the first `number` declarations of this seed, but none twice. Returns how many are new."""
    agencies = {agency.code: agency for agency in Agency.objects.current()}
    made = 0
    for start in range(0, number, DRAWN_TOGETHER):
        places = range(start, min(start + DRAWN_TOGETHER, number))
        stories = [(place, story) for place in places if _is_missing(story := story_of(seed, place), agencies)]
        # Drawn before any transaction, for others write meanwhile, and on all cores.
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            drawn = list(pool.map(_draw, stories))
        for (place, story), photos in zip(stories, drawn, strict=True):
            dice = random.Random(f"{seed}-{place}-life")  # noqa: S311 (a demo, not a secret)
            with without_publishing(), transaction.atomic():
                _live(story, photos, agencies[story.person.agency_code], cast, dice)
        made += len(stories)
    return made


def _is_missing(story: Story, agencies: Mapping[str, Agency]) -> bool:
    number, agency_code = story.person.bhxh_number, story.person.agency_code
    return agency_code in agencies and not Declaration.objects.filter(bhxh_number=number).exists()


def _draw(numbered: tuple[int, Story]) -> Photos:
    place, story = numbered
    return demo_photos(story.person, place, card_name=story.card_name, is_poor=story.sign == Sign.POOR_PHOTO)


def _live(story: Story, photos: Photos, agency: Agency, cast: Cast, dice: random.Random) -> None:
    """The whole life of one declaration. Its messages are settled before the queue can hear of them."""
    person, status = story.person, story.status
    officer = cast.district if person.agency_code == HOME else cast.province
    declaration = _submit(services.open_draft(make_token()), person, photos, agency)
    for _ in range(story.returns):
        _return(declaration, officer, dice)
        declaration = _submit(services.begin_correction(declaration), person, photos, agency)
    if story.sign == Sign.CONTESTED:
        _contest(person, photos, agency)
    _STEPS[status](declaration, officer, dice)
    declaration.refresh_from_db()
    if story.sign in _AFTERWARDS:
        _AFTERWARDS[story.sign](declaration, officer, dice)
        declaration.refresh_from_db()
    if status == Status.ACTIVE:
        accounts = get_user_model().objects.filter(declarations=declaration)
        accounts.update(password=cast.password_hash, must_change_password=False)
    _spread(declaration, dice)
    _settle_messages(declaration, is_lost=story.sign == Sign.SMS_FAILED)


def _submit(draft: Draft, person: Person, photos: Photos, agency: Agency) -> Declaration:
    for kind, image in photos.items():
        services.store_photo(draft, kind, image)
    return services.submit_declaration(draft, _answers(person, agency))


def _answers(person: Person, agency: Agency) -> Answers:
    return Answers(**{name: value for name, value in asdict(person).items() if name != "agency_code"}, agency=agency)


def _contest(person: Person, photos: Photos, agency: Agency) -> None:
    """Somebody with another phone wants the same number, and is refused."""
    other = replace(person, phone=f"+84919{person.phone[-6:]}", full_name="Nguyễn Văn Khác")
    draft = services.open_draft(make_token())
    with suppress(services.RegistrationError):
        _submit(draft, other, photos, agency)
    services.discard_draft(draft)


def _reopen(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    reason = "Số điện thoại không đúng nên không nhận được mật khẩu. Đề nghị ông/bà sửa lại."
    services.reopen_declaration(declaration.pk, officer=officer, revision=declaration.revision, reason=reason)


def _lose_photo(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    """The stored file of one photo is gone: the paper has an empty box, and the desk says so."""
    photo = declaration.current_attachments().filter(kind=PhotoKind.ID_FRONT).get()
    for name in photo.file_names():
        private_storage().delete(name)
    services.ensure_document(declaration)


def _arrive_late(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)


def _receive(declaration: Declaration, officer: "User", dice: random.Random) -> Declaration:
    return services.receive_declaration(declaration.pk, officer=officer, revision=declaration.revision)


def _approve(declaration: Declaration, officer: "User", dice: random.Random) -> Declaration:
    received = _receive(declaration, officer, dice)
    return services.approve_declaration(received.pk, officer=officer, revision=received.revision)


def _activate(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    approved = _approve(declaration, officer, dice)
    if approved.account is not None:
        services.activate_declaration(approved.account)


def _return(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    reason = dice.choice(_RETURN_REASONS)
    services.return_declaration(declaration.pk, officer=officer, revision=declaration.revision, reason=reason)


def _reject(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    received = _receive(declaration, officer, dice)
    reason = dice.choice(_REJECT_REASONS)
    services.reject_declaration(received.pk, officer=officer, revision=received.revision, reason=reason)


def _expire(declaration: Declaration, officer: "User", dice: random.Random) -> None:
    Declaration.objects.filter(pk=declaration.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    expire_declaration(declaration.pk)


_STEPS: dict[Status, Callable[[Declaration, "User", random.Random], object]] = {
    Status.SUBMITTED: lambda declaration, officer, dice: None,
    Status.RECEIVED: _receive,
    Status.RETURNED: _return,
    Status.APPROVED: _approve,
    Status.ACTIVE: _activate,
    Status.REJECTED: _reject,
    Status.WITHDRAWN: lambda declaration, officer, dice: services.withdraw_declaration(declaration.pk),
    Status.EXPIRED: _expire,
}


_AFTERWARDS: dict[Sign | None, Callable[[Declaration, "User", random.Random], object]] = {
    Sign.REOPENED: _reopen,
    Sign.LOST_PHOTO: _lose_photo,
    Sign.LATE_PAPER: _arrive_late,
    Sign.EXPIRED_CORRECTION: _expire,
}


def _spread(declaration: Declaration, dice: random.Random) -> None:
    """Give the steps times in office hours of the last `DAYS` days, and set what follows from them."""
    changes = list(declaration.changes.all())
    moments = _moments(len(changes), dice)
    expired = [place for place, change in enumerate(changes) if change.to_status == Status.EXPIRED]
    if expired:
        moments = _moments_of_expiry(moments, expired[-1])
    for change, moment in zip(changes, moments, strict=True):
        declaration.changes.filter(pk=change.pk).update(changed_at=moment)
    submitted = max(at for at, change in zip(moments, changes, strict=True) if change.to_status == Status.SUBMITTED)
    told = moments[-1] if declaration.status == Status.RETURNED else submitted
    if expired:
        told = moments[expired[-1] - 1]
    declaration.attachments.update(created_at=submitted)
    Declaration.objects.filter(pk=declaration.pk).update(
        created_at=moments[0],
        submitted_at=submitted,
        consented_at=submitted,
        expires_at=end_of_day_in(settings.PAPER_DAYS, now=told),
        updated_at=moments[-1],
    )


def _moments_of_expiry(moments: list[datetime], expiry: int) -> list[datetime]:
    """Step `expiry` comes just after the end of the last day, those before it in the days before; what follows has
    its time, which is not in the future, on the day after."""
    last_day = day_of(moments[-1]) - timedelta(days=1)
    submitted = timezone.localtime(end_of_day(last_day - timedelta(days=settings.PAPER_DAYS))).replace(
        hour=16, minute=5
    )
    earlier = [submitted - timedelta(hours=3 * at) for at in range(expiry)]
    return [*reversed(earlier), end_of_day(last_day) + timedelta(minutes=3), *moments[expiry + 1 :][-1:]]


def _moments(number: int, dice: random.Random) -> list[datetime]:
    now = timezone.localtime()
    moments = []
    for _ in range(number):
        day = now - timedelta(days=dice.randrange(1, DAYS))
        moments.append(day.replace(hour=dice.randrange(8, 17), minute=dice.randrange(60), second=dice.randrange(60)))
    return sorted(moments)


def _settle_messages(declaration: Declaration, *, is_lost: bool) -> None:
    """Delivered soon after the step that they tell of; a lost one shows what needs a person."""
    steps = dict(declaration.changes.values_list("to_status", "changed_at"))
    for message in Message.objects.filter(related_key=declaration.message_key):
        at = steps.get("approved" if message.kind == "credential" else message.kind, declaration.created_at)
        Message.objects.filter(pk=message.pk).update(
            status=MessageStatus.DEAD if is_lost else MessageStatus.DELIVERED,
            last_error_code="108" if is_lost else "",
            attempts=1,
            created_at=at,
            sent_at=None if is_lost else at + timedelta(seconds=4),
            finished_at=at + timedelta(seconds=30),
            next_attempt_at=None,
            published_at=None,
        )
