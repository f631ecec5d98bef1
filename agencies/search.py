"""Finding an office by code or by any part of its name, without accents.

Each process keeps the folded words of the whole tree (a few hundred offices) and makes them anew when
`AgencyQuerySet.version` tells that something has changed: one small query instead of folding everything.
"""

from dataclasses import dataclass

from agencies.models import Agency
from agencies.text import KINDS, aliases, core, words

MAX_QUERY = 100


@dataclass(frozen=True)
class _Entry:
    pk: int
    path: str
    code: str
    words: tuple[str, ...]
    core: tuple[str, ...]
    aliases: frozenset[str]
    parent_code: str
    parent_words: frozenset[str]


_index: tuple[str, list[_Entry]] = ("", [])


def search_agencies(query: str, limit: int = 20) -> list[Agency]:
    """Offices valid today that fit `query`, best first, at most `limit`, each with its parent loaded.

    Understands codes and their beginnings ("07911", "079"), words of the name in any order and unfinished
    ("hoc mon", "quan go"), numbers exactly ("quan 1" is not Quận 10), short forms ("q3", "Q.3", "tphcm") and
    the province beside the office ("chau thanh tien giang"). Only the first 100 characters count. A blank
    query finds nothing.
    """
    tokens = words(query[:MAX_QUERY])
    if not tokens:
        return []
    entries = _entries()
    scored = [(score, entry) for entry in entries if (score := _score(entry, tokens))]
    if not scored:
        glued = "".join(tokens)
        scored = [(1, entry) for entry in entries if glued in "".join(entry.words)]
    scored.sort(key=lambda pair: (-pair[0], len(pair[1].words), pair[1].path))
    return _load([entry.pk for _, entry in scored[:limit]])


def _entries() -> list[_Entry]:
    global _index
    version = Agency.objects.version()
    if _index[0] != version:
        _index = (version, [_entry(agency) for agency in Agency.objects.current().select_related("parent")])
    return _index[1]


def _entry(agency: Agency) -> _Entry:
    name = words(agency.name)
    parent = words(agency.parent.name) if agency.parent else []
    return _Entry(
        pk=agency.pk,
        path=agency.path,
        code=agency.code,
        words=tuple(name),
        core=tuple(core(name)),
        aliases=frozenset(aliases(name)),
        parent_code=agency.parent.code if agency.parent else "",
        parent_words=frozenset([*core(parent), *aliases(parent)]),
    )


def _load(keys: list[int]) -> list[Agency]:
    found = Agency.objects.current().select_related("parent").in_bulk(keys)
    return [found[key] for key in keys if key in found]


def _score(entry: _Entry, tokens: list[str]) -> int:
    """How well an office fits, 0 for not at all. Every word must fit, except the kind of office."""
    wanted = [token for token in tokens if token not in KINDS]
    total = _phrase_score(entry, tokens, wanted)
    for token in wanted or tokens:
        points = _number_score(entry, token, tokens) if token.isdigit() else _word_score(entry, token)
        if not points:
            return 0
        total += points
    return total + sum(4 for token in tokens if token in KINDS and token in entry.words)


def _phrase_score(entry: _Entry, tokens: list[str], wanted: list[str]) -> int:
    if wanted and tuple(wanted) == entry.core:
        return 30
    phrase, name = f" {' '.join(tokens)}", f" {' '.join(entry.words)} "
    if f"{phrase} " in name:
        return 20
    return 10 if phrase in name else 0


def _number_score(entry: _Entry, token: str, tokens: list[str]) -> int:
    if len(token) >= 3 or len(tokens) == 1:
        if entry.code == token:
            return 40
        if entry.code.startswith(token):
            return 20
        if entry.parent_code == token:
            return 5
    return 12 if len(token) <= 2 and str(int(token)) in entry.words else 0


def _word_score(entry: _Entry, token: str) -> int:
    if token in entry.words:
        return 10
    if token in entry.aliases:
        return 8
    if any(word.startswith(token) for word in entry.words):
        return 5
    if token in entry.parent_words:
        return 3
    return 1 if any(word.startswith(token) for word in entry.parent_words) else 0
