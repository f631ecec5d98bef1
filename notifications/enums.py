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
