"""Which life each of the demo's declarations has: every status, and every sign that the desk can show."""

import random
from dataclasses import dataclass, replace
from enum import Enum, auto

from registration.demo_people import Person, make_person
from registration.enums import PaperKind, Status

# The first declarations show each status once, all in the home agency; later ones are spread like this.
SHARES = {
    Status.SUBMITTED: 30, Status.RECEIVED: 18, Status.RETURNED: 10, Status.APPROVED: 14, Status.ACTIVE: 14,
    Status.REJECTED: 5, Status.WITHDRAWN: 4, Status.EXPIRED: 5,
}  # fmt: skip


class Sign(Enum):
    """What an officer should notice."""

    OTHER_NAME_ON_CARD = auto()
    POOR_PHOTO = auto()
    SAME_PAPER = auto()
    CONTESTED = auto()
    RETURNED_TWICE = auto()
    REOPENED = auto()
    SMS_FAILED = auto()
    EXPIRED_CORRECTION = auto()
    LOST_PHOTO = auto()
    LATE_PAPER = auto()


# The status that each sign is seen in, before what `demo_declarations` does afterwards.
_STATUS_OF = {
    Sign.OTHER_NAME_ON_CARD: Status.RECEIVED,
    Sign.POOR_PHOTO: Status.RECEIVED,
    Sign.SAME_PAPER: Status.SUBMITTED,
    Sign.CONTESTED: Status.RECEIVED,
    Sign.RETURNED_TWICE: Status.SUBMITTED,
    Sign.REOPENED: Status.APPROVED,
    Sign.SMS_FAILED: Status.APPROVED,
    Sign.EXPIRED_CORRECTION: Status.RETURNED,
    Sign.LOST_PHOTO: Status.RECEIVED,
    Sign.LATE_PAPER: Status.EXPIRED,
}
# After each status has been shown, every sign comes once in so many declarations.
SIGNS_EVERY = 25


@dataclass(frozen=True)
class Story:
    """One declaration's life. `returns`: how often it was corrected; `card_name`: what its card says instead."""

    person: Person
    status: Status
    sign: Sign | None = None
    returns: int = 0
    card_name: str = ""


def story_of(seed: int, place: int) -> Story:
    """The life of declaration number `place` of this seed."""
    statuses = list(SHARES)
    sign = _sign_of(place)
    person = make_person(seed, place, is_at_home=place < len(SHARES) + len(Sign))
    if sign is not None:
        return _with_sign(person, sign, seed, place)
    dice = random.Random(f"{seed}-{place}-status")  # noqa: S311 (a demo, not a secret)
    status = statuses[place] if place < len(statuses) else dice.choices(statuses, list(SHARES.values()))[0]
    return Story(person, status, returns=int(place % 9 == 4))


def _sign_of(place: int) -> Sign | None:
    at = (place - len(SHARES)) % SIGNS_EVERY
    return list(Sign)[at] if place >= len(SHARES) and at < len(Sign) else None


def _with_sign(person: Person, sign: Sign, seed: int, place: int) -> Story:
    story = Story(person, _STATUS_OF[sign], sign)
    if sign == Sign.OTHER_NAME_ON_CARD:
        # Only a chip card has the QR code that gives it away.
        person = replace(person, paper_kind=PaperKind.CCCD, paper_number=f"0790{place % 100:02d}{place:06d}")
        return replace(story, person=person, card_name="Trần Văn Người Khác")
    if sign == Sign.SAME_PAPER:
        before = make_person(seed, place - 1, is_at_home=True)
        return replace(story, person=replace(person, paper_kind=before.paper_kind, paper_number=before.paper_number))
    return replace(story, returns=2) if sign == Sign.RETURNED_TWICE else story
