"""Text messages, every try to send them, and the test inbox."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.enums import SETTLED, UNDELIVERED, WAITING, AttemptOutcome, MessageKind, MessageStatus


def new_request_id() -> str:
    """A random id of 32 characters (providers take up to 50) by which a provider knows a repeated request."""
    return uuid.uuid4().hex


class Message(models.Model):
    """One text to one phone. The row is the truth; the queue only says "look at row N".

    `{secret}` in the body stands for the one-time password, which is kept encrypted, and only until it is
    handed over, given up or out of date.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=MessageKind.choices)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("account"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="messages",
    )
    phone = models.CharField(_("mobile phone"), max_length=16, help_text=_("E.164, for example +84912345678"))
    body = models.CharField(_("text"), max_length=200, help_text=_("{secret} stands for the one-time password."))
    secret_encrypted = models.TextField(blank=True, editable=False)
    secret_expires_at = models.DateTimeField(_("one-time password valid until"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=MessageStatus.choices, default=MessageStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    # Tries before somebody last said "again": the day of tries is counted from there.
    attempts_before = models.PositiveSmallIntegerField(default=0, editable=False)
    next_attempt_at = models.DateTimeField(_("next try"), default=timezone.now, null=True, blank=True)
    lease_until = models.DateTimeField(_("taken by a worker until"), null=True, blank=True)
    # When a task for this row was last put on the queue; empty when none is known to be there.
    published_at = models.DateTimeField(null=True, blank=True, editable=False)
    request_id = models.CharField(_("request id"), max_length=50, default=new_request_id, editable=False)
    gateway = models.CharField(_("gateway"), max_length=20, blank=True)
    provider_message_id = models.CharField(_("provider's message id"), max_length=64, blank=True)
    last_error_code = models.CharField(_("last error"), max_length=40, blank=True)
    related_key = models.CharField(_("belongs to"), max_length=64, blank=True)
    # When the provider is asked next what became of it; empty when it is not asked (any more).
    poll_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-id"]
        # Named here and not by db_index or unique on the fields, which would add an index for LIKE to each: every
        # change of a message's status is written to all of them.
        indexes = [
            models.Index(fields=["phone"], name="message_phone"),
            models.Index(fields=["related_key"], name="message_related_key"),
            models.Index(fields=["next_attempt_at"], name="message_waiting", condition=Q(status__in=WAITING)),
            models.Index(fields=["lease_until"], name="message_sending", condition=Q(status=MessageStatus.SENDING)),
            # How old the oldest is that no provider has taken: asked every few seconds by whoever watches.
            models.Index(fields=["created_at"], name="message_undelivered", condition=Q(status__in=UNDELIVERED)),
            models.Index(fields=["poll_at"], name="message_polled", condition=Q(poll_at__isnull=False)),
            models.Index(
                fields=["provider_message_id"], name="message_at_provider", condition=~Q(provider_message_id="")
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["request_id"], name="one_message_a_request"),
            # The promise that no one-time password outlives its use, held by the database.
            models.CheckConstraint(
                name="message_settled_without_secret",
                condition=~Q(status__in=SETTLED) | Q(secret_encrypted=""),
            ),
            # Never two passwords on their way to one account.
            models.UniqueConstraint(
                name="one_credential_in_flight",
                fields=["account"],
                condition=Q(kind=MessageKind.CREDENTIAL, status__in=UNDELIVERED),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class Attempt(models.Model):
    """One call to one gateway. Two rows share a number when the second gateway took over from the first."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="tries", verbose_name=_("message"))
    number = models.PositiveSmallIntegerField(_("try"))
    gateway = models.CharField(_("gateway"), max_length=20)
    started_at = models.DateTimeField(_("started"))
    finished_at = models.DateTimeField(_("finished"))
    outcome = models.CharField(_("outcome"), max_length=12, choices=AttemptOutcome.choices)
    code = models.CharField(_("answer"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("try")
        verbose_name_plural = _("tries")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.number} {self.gateway} {self.outcome}"


class ProviderReceipt(models.Model):
    """What a provider reported, once a report however often it came. Without a message: we know of none."""

    message = models.ForeignKey(
        Message, on_delete=models.CASCADE, related_name="receipts", verbose_name=_("message"), null=True
    )
    gateway = models.CharField(_("gateway"), max_length=20)
    request_id = models.CharField(_("request id"), max_length=50, blank=True)
    provider_message_id = models.CharField(_("provider's message id"), max_length=64, blank=True)
    delivered = models.BooleanField(_("delivered"))
    code = models.CharField(_("answer"), max_length=40, blank=True)
    times = models.PositiveIntegerField(_("times received"), default=1)
    received_at = models.DateTimeField(_("first received"), default=timezone.now)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request_id", "provider_message_id", "gateway", "delivered", "code"],
                name="one_receipt_a_report",
            ),
        ]
        indexes = [
            models.Index(fields=["provider_message_id"], name="receipt_unknown", condition=Q(message__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.gateway} {self.pk}"


class InboxMessage(models.Model):
    """What the test inbox received, as a phone would show it. Development only."""

    phone = models.CharField(max_length=16, db_index=True)
    text = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    request_id = models.CharField(max_length=50, unique=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.pk)
