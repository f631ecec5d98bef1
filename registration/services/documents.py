"""The PDF of each version: made once, stored privately, served from then on."""

import hashlib
import logging
from datetime import timedelta

from celery import current_app
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone
from kombu.exceptions import OperationalError

from registration.models import Declaration, Document
from registration.pdf import render_declaration

logger = logging.getLogger(__name__)


def ensure_document(declaration: Declaration) -> Document:
    """The stored PDF of the declaration's present version, rendered now if it is not there.

    Whoever comes second, while the first still renders, renders too and throws his away: two renders cost less
    than a lock that outlives a killed worker.
    """
    stored = Document.objects.filter(declaration=declaration, version=declaration.version).first()
    if stored is not None and stored.file.storage.exists(stored.file.name):
        return stored
    if stored is not None:
        logger.error("the document of declaration %s was lost from the store and is made again", declaration.pk)
        stored.delete()
    content = render_declaration(declaration)
    document = Document(
        declaration=declaration,
        version=declaration.version,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    document.file.save("to-khai.pdf", ContentFile(content), save=False)
    try:
        with transaction.atomic():
            document.save()
    except IntegrityError:
        document.file.storage.delete(document.file.name)
        return Document.objects.get(declaration=declaration, version=declaration.version)
    return document


def request_document(declaration_id: int) -> None:
    """Ask a worker to make the PDF ahead of the citizen's click; without a queue the click itself makes it."""
    try:
        # By name: tasks are a leaf over the services and cannot be imported here.
        current_app.send_task("registration.tasks.make_document", args=[declaration_id])
    except OperationalError:
        logger.warning("queue away: the document of declaration %s waits for beat", declaration_id)


def missing_documents(limit: int = 100) -> QuerySet[Declaration]:
    """Declarations whose present version has had no PDF for a minute: beat asks for them again."""
    made = Document.objects.filter(declaration=OuterRef("pk"), version=OuterRef("version"))
    before = timezone.now() - timedelta(minutes=1)
    return Declaration.objects.filter(~Exists(made), submitted_at__lt=before).order_by(F("submitted_at"))[:limit]
