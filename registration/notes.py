"""What stands at a field beside its errors: what the card says, a doubt, what an old code means. Nothing is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from registration.cards import Mismatch, mismatches
from registration.doubts import Doubt, doubts_of

# The fields of the form that can have a note.
NOTED = ("full_name", "bhxh_number", "paper_number", "address", "phone")


@dataclass
class FieldNote:
    """`filled`: the card's QR code filled the field. `kept`: None where nothing can be meant otherwise."""

    filled: bool = False
    meant: str = ""
    kept: str | None = None
    mismatch: Mismatch | None = None
    doubts: list[Doubt] = field(default_factory=list)

    @property
    def shows(self) -> bool:
        return bool(self.filled or self.meant or self.mismatch or self.doubts)


def notes_of(answers: Mapping[str, str], said: Mapping[str, str]) -> dict[str, FieldNote]:
    """The notes of every field that can have one, for these answers and what the cards in the photos say."""
    notes = {name: FieldNote() for name in NOTED}
    for found in mismatches(said, answers):
        notes[found.field].mismatch = found
    for doubt in doubts_of(answers):
        notes[doubt.field].doubts.append(doubt)
    return notes
