"""What a message is for and where it stands."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageKind(models.TextChoices):
    CREDENTIAL = "credential", _("account and password")
    RECEIVED = "received", _("declaration recorded")
    RETURNED = "returned", _("declaration returned")
    REJECTED = "rejected", _("declaration rejected")
    REMINDER = "reminder", _("reminder")
    RESET_CODE = "reset_code", _("password reset code")
    ACCESS_CODE = "access_code", _("code to open the dossier")
    PHONE_CHANGED = "phone_changed", _("phone changed, told to the phone before")


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("waiting to be sent")
    SENDING = "sending", _("being sent")
    ACCEPTED = "accepted", _("accepted by the SMS provider")
    DELIVERED = "delivered", _("delivered to the phone")
    FAILED = "failed", _("not sent yet, will be tried again")
    DEAD = "dead", _("not sent, needs a person")
    CANCELLED = "cancelled", _("cancelled")


class AttemptOutcome(models.TextChoices):
    ACCEPTED = "accepted", _("accepted by the SMS provider")
    UNAVAILABLE = "unavailable", _("the SMS provider could not be reached")
    REJECTED = "rejected", _("refused by the SMS provider")


# Of no use some minutes later: whoever still wants the code asks for the next.
SHORT_LIVED = (MessageKind.RESET_CODE, MessageKind.ACCESS_CODE)
# Why a message was cancelled: its phone has had enough of them for the day (notifications.services.budget).
HELD_BACK = "held-back"
# A worker may take these up when their time has come.
WAITING = (MessageStatus.QUEUED, MessageStatus.FAILED)
# No provider has taken these yet, and they are not given up.
UNDELIVERED = (*WAITING, MessageStatus.SENDING)
# A secret is kept in none of these.
SETTLED = (
    MessageStatus.ACCEPTED,
    MessageStatus.DELIVERED,
    MessageStatus.DEAD,
    MessageStatus.CANCELLED,
)
