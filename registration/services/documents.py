"""The PDF of each version: made once, stored privately, served from then on."""

import hashlib
import logging
from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from registration.models import Declaration, Document
from registration.pdf import Paper, render_declaration

logger = logging.getLogger(__name__)


def ensure_document(declaration: Declaration) -> Document:
    """The stored PDF of the declaration's present version, rendered now if it is not there.

    Whoever comes second, while the first still renders, renders too and throws his away: two renders cost less
    than a lock that outlives a killed worker. Raises whatever the renderer or the store raises.
    """
    stored = Document.objects.filter(declaration=declaration, version=declaration.version).first()
    if stored is not None and stored.file.storage.exists(stored.file.name):
        return stored
    if stored is not None:
        logger.error("the document of declaration %s was lost from the store and is made again", declaration.pk)
        stored.delete()
    return _store(declaration, render_declaration(declaration))


def _store(declaration: Declaration, paper: Paper) -> Document:
    document = Document(
        declaration=declaration,
        version=declaration.version,
        submitted_at=declaration.submitted_at,
        size=len(paper.content),
        sha256=hashlib.sha256(paper.content).hexdigest(),
        data_sha256=paper.data_sha256,
        unreadable=paper.unreadable,
    )
    document.file.save("to-khai.pdf", ContentFile(paper.content), save=False)
    try:
        with transaction.atomic():
            document.save()
    except IntegrityError:
        document.file.storage.delete(document.file.name)
        return Document.objects.get(declaration=declaration, version=declaration.version)
    return document


def offer_document(declaration: Declaration) -> Document | None:
    """The same for whoever can go on without: None where it cannot be made now, and beat will try again.

    The declaration itself is stored before anything is drawn, so nothing that goes wrong here can harm it.
    """
    try:
        return ensure_document(declaration)
    except Exception as error:  # fonts, libraries, the store: the reason is for the log, the paper has to wait
        kind = type(error).__name__
        logger.error("the document of declaration %s cannot be made now: %s", declaration.pk, kind)
        return None


def missing_documents(limit: int = 100) -> QuerySet[Declaration]:
    """Declarations whose present version has had no PDF for a minute: beat has them made."""
    made = Document.objects.filter(declaration=OuterRef("pk"), version=OuterRef("version"))
    before = timezone.now() - timedelta(minutes=1)
    return Declaration.objects.filter(~Exists(made), submitted_at__lt=before).order_by(F("submitted_at"))[:limit]
