"""What an import would change that nobody expects of a list of offices: shown, and refused until confirmed."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _

from agencies.csv_rows import AgencyRow
from agencies.encodings import suspect_encoding
from agencies.enums import Level, Surprise
from agencies.models import Agency
from agencies.text import core, words
from common.days import VIETNAM
from common.text import tidy

# More at once than a ministry's usual letter brings.
MANY = 10
_TEXTS = ("name", "address", "opening_hours")
_OFFICE = re.compile(r"^(?:bhxh|bảo hiểm xã hội)\s+")
_KIND = re.compile(r"^(?:tỉnh|tp\.?|thành phố|quận|huyện|thị xã|tx\.?|cơ sở)\s+")


class Finding(NamedTuple):
    """One surprise: its line in the file (0: the file lacks it), the office's code, and what it is, for a person."""

    line: int
    code: str
    kind: Surprise
    text: str


@dataclass(frozen=True)
class Accepted:
    """What somebody has confirmed: everything, kinds of surprises, or single lines."""

    everything: bool = False
    kinds: frozenset[str] = frozenset()
    lines: frozenset[int] = field(default_factory=frozenset)

    def covers(self, finding: Finding) -> bool:
        return self.everything or finding.kind in self.kinds or finding.line in self.lines


def find_surprises(rows: Sequence[AgencyRow], stored: Mapping[str, Agency]) -> list[Finding]:
    """Every surprise in sound rows, in the order of kinds and lines."""
    today = timezone.localdate(timezone=VIETNAM)
    known = _Known(rows, stored, today)
    found = [*_encodings(rows), *known.recoded(), *known.demoted(), *known.moved(), *known.many(), *known.vanished()]
    order = list(Surprise)
    return sorted(found, key=lambda finding: (order.index(finding.kind), finding.line, finding.code))


def _encodings(rows: Iterable[AgencyRow]) -> Iterator[Finding]:
    for row in rows:
        for column in _TEXTS:
            text = str(row.fields.get(column) or "")
            if encoding := suspect_encoding(text):
                yield Finding(row.line, row.code, Surprise.ENCODING, encoding_text(text, encoding))


def encoding_text(text: str, encoding: str) -> str:
    """What is said of a text that cannot be Vietnamese as it stands."""
    if encoding == "?":
        return _("“%s” is hardly Vietnamese: letters are lost or were read in a wrong encoding") % text[:60]
    return _("“%(text)s” seems to be %(encoding)s that was read in a wrong encoding") % {
        "text": text[:60],
        "encoding": encoding,
    }


def _own_name(name: str) -> str:
    """The name without what kind of office it is: "BHXH tỉnh Hà Giang" and "BHXH cơ sở Hà Giang" are both Hà Giang."""
    return _KIND.sub("", _OFFICE.sub("", tidy(name).casefold()))


def _key(name: str) -> str:
    """The same without accents, in which spellings of one name agree."""
    return " ".join(core(words(name)))


class _Known:
    """The rows beside what is stored and valid today."""

    def __init__(self, rows: Sequence[AgencyRow], stored: Mapping[str, Agency], today: date) -> None:
        self.rows, self.stored = rows, stored
        self.told = {row.code: row for row in rows}
        codes = {agency.pk: code for code, agency in stored.items()}
        self.above = {code: codes.get(each.parent_id or 0, "") for code, each in stored.items()}
        self.current = {code for code, each in stored.items() if not each.valid_until or each.valid_until >= today}

    def recoded(self) -> Iterator[Finding]:
        """A name that another office has: below the same parent in any spelling, elsewhere where that one loses it."""
        names: dict[tuple[str, str], list[str]] = {}
        for code in sorted(self.current):
            names.setdefault((self.stored[code].level, _key(self.stored[code].name)), []).append(code)
        for row in self.rows:
            own = _own_name(str(row.fields["name"]))
            if row.code in self.stored and _own_name(self.stored[row.code].name) == own:
                continue
            others = names.get((str(row.fields["level"]), _key(str(row.fields["name"]))), [])
            if other := next((code for code in others if self._is_other(code, row, own)), None):
                text = _("“%(name)s” is known as %(other)s") % {
                    "name": row.fields["name"],
                    "other": self.stored[other].label,
                }
                yield Finding(row.line, row.code, Surprise.RECODED, text)

    def _is_other(self, code: str, row: AgencyRow, own: str) -> bool:
        if code == row.code or self._is_ended_by_file(code):
            return False
        is_sister = self.above[code] == row.parent_code
        return is_sister or (_own_name(self.stored[code].name) == own and not self._stays(code))

    def _is_ended_by_file(self, code: str) -> bool:
        row = self.told.get(code)
        return row is not None and bool(row.fields.get("valid_until"))

    def demoted(self) -> Iterator[Finding]:
        provinces = {
            _own_name(self.stored[code].name): code
            for code in self.current
            if self.stored[code].level == Level.PROVINCE and not self._stays(code)
        }
        for row in self.rows:
            province = provinces.get(_own_name(str(row.fields["name"])))
            if province and row.fields["level"] == Level.DISTRICT and row.code not in self.stored:
                text = _("“%(name)s” is known as the province %(other)s") % {
                    "name": row.fields["name"],
                    "other": self.stored[province].label,
                }
                yield Finding(row.line, row.code, Surprise.DEMOTED, text)

    def _stays(self, code: str) -> bool:
        row = self.told.get(code)
        return row is not None and _own_name(str(row.fields["name"])) == _own_name(self.stored[code].name)

    def moved(self) -> Iterator[Finding]:
        for row in self.rows:
            if row.code in self.stored and (before := self.above[row.code]) != row.parent_code:
                text = _("%(name)s: until now below %(before)s, then below %(after)s") % {
                    "name": row.fields["name"],
                    "before": before or "–",
                    "after": row.parent_code or "–",
                }
                yield Finding(row.line, row.code, Surprise.MOVED, text)

    def many(self) -> Iterator[Finding]:
        renamed, ended = [], []
        for row in self.rows:
            before, name, until = self.stored.get(row.code), row.fields["name"], row.fields.get("valid_until")
            if before and before.name != name:
                text = _("%(before)s → %(after)s") % {"before": before.name, "after": name}
                renamed.append(Finding(row.line, row.code, Surprise.RENAMED, text))
            if before and isinstance(until, date) and not before.valid_until:
                text = _("%(name)s: ends on %(day)s") % {"name": name, "day": until.isoformat()}
                ended.append(Finding(row.line, row.code, Surprise.ENDED, text))
        for group in (renamed, ended):
            if len(group) > MANY:
                yield from group

    def vanished(self) -> Iterator[Finding]:
        """Known offices among whose sisters the file names most: it seems to be the whole list."""
        families: dict[str, list[str]] = {}
        for code in self.current:
            families.setdefault(self.above[code], []).append(code)
        for sisters in families.values():
            missing = [code for code in sisters if code not in self.told]
            if len(missing) * 2 < len(sisters):
                for code in missing:
                    yield Finding(0, code, Surprise.VANISHED, self.stored[code].name)
