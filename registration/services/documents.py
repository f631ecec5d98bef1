"""The PDF of each version: made once, stored privately, served from then on."""

import hashlib
import logging
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from registration.enums import OPEN_STATUSES
from registration.fonts import Undrawable
from registration.models import Declaration, Document, FormerDocument
from registration.pdf import Paper, render_declaration
from registration.services.draining import DOCUMENTS, drain
from registration.services.storing import NewFiles, new_files

logger = logging.getLogger(__name__)
# Beat comes again after a minute. One worker draws at a time: the others deliver messages meanwhile.
DOCUMENT_SECONDS = 50.0


def ensure_document(declaration: Declaration) -> Document:
    """The stored PDF of the declaration's present version, rendered now if it is not there.

    Whoever comes second, while the first still renders, renders too and throws his away: two renders cost less
    than a lock that outlives a killed worker. Raises whatever the renderer or the store raises; a version that cannot
    be printed as it is (registration.fonts.Undrawable) is noted on the declaration, and nothing is stored.
    """
    stored = Document.objects.filter(declaration=declaration, version=declaration.version).first()
    if stored is None:
        return _store(declaration, _rendered(declaration))
    if _is_whole(stored):
        return stored
    logger.error("the document of declaration %s was lost from the store and is made again", declaration.pk)
    # The row stays meanwhile: what people hold in their hands can be checked by it.
    return _replace(stored, _rendered(declaration))


def _rendered(declaration: Declaration) -> Paper:
    try:
        paper = render_declaration(declaration)
    except Undrawable as refusal:
        _note_unprintable(declaration, refusal.fields)
        raise
    _note_unprintable(declaration, [])
    return paper


def _note_unprintable(declaration: Declaration, fields: list[str]) -> None:
    """For the citizen's receipt, the officer's dossier and the sweep; of this version only."""
    if declaration.unprintable != fields:
        declaration.unprintable = fields
        Declaration.objects.filter(pk=declaration.pk, version=declaration.version).update(unprintable=fields)


def _is_whole(document: Document) -> bool:
    try:
        return bool(document.file.storage.size(document.file.name) == document.size)
    except FileNotFoundError:
        return False


def _store(declaration: Declaration, paper: Paper) -> Document:
    document = Document(declaration=declaration, version=declaration.version, submitted_at=declaration.submitted_at)
    try:
        with new_files() as files, transaction.atomic():
            _fill(files, document, paper)
            document.save()
    except IntegrityError:
        return Document.objects.get(declaration=declaration, version=declaration.version)
    return document


def _replace(lost: Document, paper: Paper) -> Document:
    """`lost` with a new file. Of a file that has other bytes now (a new library drew it) the old hash is kept."""
    lost_file, lost_hash = lost.file.name, lost.sha256
    with new_files() as files, transaction.atomic():
        _fill(files, lost, paper)
        present = Document.objects.select_for_update().get(pk=lost.pk)
        if present.file.name == lost_file:
            if _hash(paper) != lost_hash:
                FormerDocument.objects.create(document=lost, sha256=lost_hash)
            lost.save()
            present = lost
    present.file.storage.delete(lost.file.name if present is not lost else lost_file)
    return present


def _fill(files: NewFiles, document: Document, paper: Paper) -> None:
    document.size = len(paper.content)
    document.sha256 = _hash(paper)
    document.data_sha256 = paper.data_sha256
    document.unreadable = paper.unreadable
    files.save(document.file, paper.content, about=f"declaration {document.declaration_id}")


def _hash(paper: Paper) -> str:
    return hashlib.sha256(paper.content).hexdigest()


def offer_document(declaration: Declaration) -> Document | None:
    """The same for whoever can go on without: None where it cannot be made now, and beat will try again.

    None as well where the declaration's own letters cannot be printed: `declaration.unprintable` then names the fields.
    The declaration itself is stored before anything is drawn, so nothing that goes wrong here can harm it.
    """
    try:
        return ensure_document(declaration)
    except Undrawable as refusal:
        logger.error("the document of declaration %s cannot be made: %s", declaration.pk, refusal)
        return None
    except Exception as error:  # fonts, libraries, the store: the reason is for the log, the paper has to wait
        kind = type(error).__name__
        logger.error("the document of declaration %s cannot be made now: %s", declaration.pk, kind)
        return None


def missing_documents() -> QuerySet[Declaration]:
    """Declarations on their way whose present version has had no PDF for a minute.

    Those that cannot be printed as they are written wait for a correction, or for somebody to open the receipt or the
    PDF once the font has the letter.
    """
    made = Document.objects.filter(declaration=OuterRef("pk"), version=OuterRef("version"))
    before = timezone.now() - timedelta(minutes=1)
    waiting = Declaration.objects.filter(~Exists(made), status__in=OPEN_STATUSES, submitted_at__lt=before)
    return waiting.filter(unprintable=[])


def make_missing_documents(seconds: float = DOCUMENT_SECONDS) -> int:
    """Make the PDFs that are missing, the oldest first, until none is or `seconds` are over; how many were made.

    One that fails is set back, so that it does not stand in the way of the others.
    """
    return drain(DOCUMENTS, missing_documents(), by="submitted_at", work=_make_missing, seconds=seconds).done


def _make_missing(declaration_id: int) -> bool:
    declaration = missing_documents().filter(pk=declaration_id).first()
    if declaration is None:
        return False
    try:
        ensure_document(declaration)
    except Undrawable:
        # Noted on the declaration, which is not looked at again for that.
        return False
    return True
