"""What the services refuse, each with a text for the person in front of the screen."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class RegistrationError(Exception):
    """A refusal. `message` is a translated text that reveals nothing about anyone else."""

    message: str | Promise = _("This cannot be done now.")

    def __init__(self, message: str | Promise | None = None) -> None:
        self.message = message or self.message
        super().__init__(type(self).__name__)


class NumberTaken(RegistrationError):
    """The BHXH number has an open or approved declaration."""

    message = _(
        "A declaration for this BHXH number is already being handled or has been approved, so a second one cannot be "
        "made. Follow it under “Track a declaration”, or call the hotline if you did not register yourself."
    )


class PhoneTaken(RegistrationError):
    """The phone already serves as many BHXH numbers as it may."""

    message = _(
        "This mobile number is already used for another BHXH number. Type your own mobile number, or call the hotline "
        "if the number is yours alone."
    )


class PhotosMissing(RegistrationError):
    """A required photo is not in the draft. `kinds` names which."""

    def __init__(self, kinds: list[str]) -> None:
        self.kinds = kinds
        super().__init__(_("A photo is missing."))


class StoreUnavailable(RegistrationError):
    """The place where photos and papers are kept is full, read-only or away: nothing was stored."""

    message = _(
        "The photo could not be stored: this is a fault on our side. What you entered is kept. "
        "Please send the photo again in a few minutes."
    )


class ResendRefused(RegistrationError):
    """The password cannot be sent again now."""


class CodeRefused(RegistrationError):
    """The code is wrong, used, out of date or tried too often, or its dossier has ended."""

    message = _("This code is wrong or too old. Look at the newest message, or have another code sent.")


class CodesExhausted(RegistrationError):
    """No further code can be sent or given now."""


class AlreadyDecided(RegistrationError):
    """Somebody else changed the declaration after this screen was opened, or the step is not possible now."""

    message = _(
        "This dossier has changed since you opened it, so your decision was not recorded. Look at its present state "
        "below and decide again if need be."
    )


class PageOutdated(RegistrationError):
    """What the page shows is not what is stored: another page of the same draft has changed it."""

    message = _("This declaration was changed on another page. Choose what is to be kept.")


class AlreadySubmitted(RegistrationError):
    """The draft has become a declaration, of other answers or photos than these."""

    message = _("This declaration has already been submitted.")


class TakenMeanwhile(AlreadyDecided):
    """An expired declaration cannot go on: somebody has declared its number, or filled its phone's places, since."""

    message = _(
        "This dossier cannot be taken up again: its BHXH number or its phone belongs to a newer declaration by now. "
        "Work on that one."
    )
