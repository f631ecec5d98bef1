"""What workers and beat do for the registration. Every task takes ids at most and is safe to run twice."""

import logging

from celery import shared_task

from accounts import resets
from accounts.services import purge_ended_sessions
from registration import services

logger = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def sweep_documents() -> None:
    """Make every PDF that is still missing; one that fails does not hold up the others."""
    services.make_missing_documents()


@shared_task(ignore_result=True)
def expire_declarations() -> None:
    """Expire declarations whose paper did not come."""
    logger.info("%d declarations expired", services.expire_declarations())


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


@shared_task(ignore_result=True)
def purge_access_codes() -> None:
    """Remove what is left of old codes that opened dossiers."""
    logger.info("%d access codes removed", services.purge_access_codes())


@shared_task(ignore_result=True)
def purge_sessions() -> None:
    """Remove the sessions that have ended: each is somebody's sign-in or opened dossier."""
    logger.info("%d sessions removed", purge_ended_sessions())


@shared_task(name="registration.tasks.send_reset_code", ignore_result=True)
def send_reset_code(reset_id: int) -> None:
    """Send the code that a password reset asked for, if there is an account behind it."""
    services.send_reset_code(reset_id)
