"""What workers and beat do for the registration. Every task takes ids at most and is safe to run twice."""

import logging

from celery import shared_task

from accounts import resets
from registration import services
from registration.models import Declaration

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def make_document(declaration_id: int) -> None:
    """Render and store the PDF of a declaration's present version, unless that is done. A failure waits for beat."""
    services.offer_document(Declaration.objects.get(pk=declaration_id))


@shared_task(ignore_result=True)
def sweep_documents() -> None:
    """Make every PDF that is still missing; one that fails does not hold up the others."""
    for declaration in services.missing_documents():
        make_document.delay(declaration.pk)


@shared_task(ignore_result=True)
def expire_declarations() -> None:
    """Expire declarations whose paper did not come."""
    logger.info("%d declarations past their time", services.expire_declarations())


@shared_task(ignore_result=True)
def purge_drafts() -> None:
    """Remove abandoned drafts and their photos."""
    logger.info("%d drafts removed", services.purge_drafts())


@shared_task(ignore_result=True)
def send_reminders() -> None:
    """Remind citizens whose paper is due soon."""
    logger.info("%d reminders", services.send_reminders())


@shared_task(ignore_result=True)
def send_emails() -> None:
    """Send the notices by e-mail that wait."""
    services.send_emails()


@shared_task(ignore_result=True)
def purge_emails() -> None:
    """Remove old notices by e-mail."""
    logger.info("%d e-mail notices removed", services.purge_emails())


@shared_task(ignore_result=True)
def sweep_resets() -> None:
    """Send the codes that the queue has lost."""
    services.sweep_resets()


@shared_task(ignore_result=True)
def purge_resets() -> None:
    """Remove what is left of old password resets."""
    logger.info("%d password resets removed", resets.purge_resets())


@shared_task(name="registration.tasks.send_reset_code", ignore_result=True)
def send_reset_code(reset_id: int) -> None:
    """Send the code that a password reset asked for, if there is an account behind it."""
    services.send_reset_code(reset_id)
