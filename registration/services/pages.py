"""What a page of the form shows, against what its draft has: a page submits only what it shows."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db import transaction

from common.keyed import is_keyed_hash, keyed_hash
from registration.enums import PhotoKind
from registration.images import NormalisedImage
from registration.models import Attachment, Draft
from registration.services.drafts import copy_photo, keep_aside, open_draft
from registration.services.errors import PageOutdated
from registration.services.storing import NewFiles, new_files

_SALT = "registration.answers"


@dataclass(frozen=True)
class FormPage:
    """One page of the form as it was sent: who it is, the revision it was made from, and what it shows.

    `photos` are the tokens of the photos in it, by kind. None, as with `seen`, where the page does not say.
    """

    answers: dict[str, str]
    photos: dict[str, str] | None = None
    id: str = ""
    seen: int | None = None

    def showing(self, photos: Mapping[str, Attachment]) -> "FormPage":
        """The same page with these photos of its own in it."""
        return replace(self, photos={**(self.photos or {}), **{kind: photo.token for kind, photo in photos.items()}})


def answers_digest(answers: Mapping[str, str]) -> str:
    """By which the same answers are known again; keyed, since numbers and phones are few enough to be tried out."""
    return keyed_hash(_SALT, _as_text(answers))


def _as_text(answers: Mapping[str, str]) -> str:
    return json.dumps(sorted(answers.items()), ensure_ascii=False)


def check_page(draft: Draft, page: FormPage, images: Mapping[str, NormalisedImage]) -> None:
    """Raises PageOutdated unless the draft has just what the page shows; `images` are the files sent with it."""
    if not draft.revision and not draft.attachments.exists():
        # Nothing is stored: it was deleted elsewhere, or is older than a day. There is nothing to mix with.
        return
    stale = page.seen not in (None, draft.revision) and page.id != draft.saved_by
    if stale and draft.answers != page.answers:
        raise PageOutdated
    check_photos(draft, page, images)


def check_photos(draft: Draft, page: FormPage, images: Mapping[str, NormalisedImage]) -> None:
    """The same for the photos alone.

    The same picture stored twice is no difference: an answer may be lost on its way, and a button pressed twice.
    """
    if page.photos is None:
        return
    stored = draft.photos()
    for kind in PhotoKind.values:
        there, token = stored.get(kind), page.photos.get(kind, "")
        if (there.token if there else "") != token and not (there and _is_own(there, token, page, images.get(kind))):
            raise PageOutdated


def _is_own(there: Attachment, token: str, page: FormPage, image: NormalisedImage | None) -> bool:
    """Whether the stored photo is the page's: what it shows under another token, or the file that it sends again."""
    if image is not None:
        return image.sha256 == there.sha256 or bool(page.id and page.id == there.stored_by)
    return Attachment.objects.filter(draft=there.draft_id, token=token, sha256=there.sha256).exists()


def is_resent(draft: Draft, page: FormPage, images: Mapping[str, NormalisedImage]) -> bool:
    """Whether this is what the submitted draft was submitted with: a double click, a retry, a reload."""
    if draft.declaration is None:
        return False
    if draft.sent_digest and not is_keyed_hash(draft.sent_digest, _SALT, _as_text(page.answers)):
        return False
    sent = {
        (photo.kind, known) for photo in draft.declaration.attachments.all() for known in (photo.token, photo.sha256)
    }
    shown = {(kind, token) for kind, token in (page.photos or {}).items() if kind not in images and token}
    return shown <= sent and {(kind, image.sha256) for kind, image in images.items()} <= sent


def keep_images(draft: Draft, page: FormPage, images: Mapping[str, NormalisedImage]) -> FormPage:
    """Keep the files of a page that cannot be taken as it is; the page then shows them as stored."""
    return page.showing({kind: keep_aside(draft, kind, image) for kind, image in images.items()})


def page_photos(draft: Draft, page: FormPage) -> list[Attachment]:
    """Those of the page's photos that the draft still keeps, replaced or not. Claimed ones are the declaration's."""
    kept = {photo.token: photo for photo in draft.attachments.all()}
    shown = page.photos or {}
    return [kept[shown[kind]] for kind in PhotoKind.values if shown.get(kind) in kept]


def split_draft(draft: Draft, token: str, page: FormPage) -> Draft:
    """Make what the page shows a draft of its own under `token`; a second call changes nothing more.

    Raises StoreUnavailable where its photos cannot be copied.
    """
    own = open_draft(token)
    with new_files() as files, transaction.atomic():
        locked = Draft.objects.select_for_update(of=("self",)).get(pk=own.pk)
        if locked.pk == draft.pk or locked.revision or locked.declaration_id or locked.attachments.exists():
            return locked
        _copy_photos(files, page_photos(draft, page), locked)
        locked.answers, locked.revision, locked.saved_by = page.answers, 1, page.id
        locked.save()
    return locked


def _copy_photos(files: NewFiles, photos: Iterable[Attachment], draft: Draft) -> None:
    for photo in photos:
        copy_photo(files, photo, draft)
