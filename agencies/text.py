"""The words of an office's name, for comparing and searching."""

import re

from common.text import fold

# Words that say what kind of office it is. People leave them out or take another one.
KINDS = frozenset({"bhxh", "tinh", "tp", "quan", "huyen", "tx", "coso"})
_PHRASES = {"bao hiem xa hoi": "bhxh", "thanh pho": "tp", "thi xa": "tx", "co so": "coso"}
_PHRASE = re.compile(rf"\b(?:{'|'.join(_PHRASES)})\b")
_WORD = re.compile(r"[a-z0-9]+")


def words(text: str) -> list[str]:
    """The folded words of an office's name or of a search, long forms made short ("Thành phố" → "tp")."""
    plain = " ".join(_WORD.findall(fold(text)))
    return _PHRASE.sub(lambda match: _PHRASES[match.group()], plain).split()


def core(name_words: list[str]) -> list[str]:
    """The words that tell an office from its neighbours: "bhxh quan go vap" → "go vap"."""
    return [word for word in name_words if word not in KINDS]


def aliases(name_words: list[str]) -> list[str]:
    """Short forms people type: "q3" for Quận 3, "hcm" and "tphcm" for TP. Hồ Chí Minh."""
    own = core(name_words)
    if len(own) == 1 and own[0].isdigit():
        return [f"q{own[0]}"] if "quan" in name_words else []
    if len(own) < 2:
        return []
    initials = "".join(word[0] for word in own)
    return [initials, f"tp{initials}"] if "tp" in name_words else [initials]


def search_key(code: str, parent_code: str, name: str) -> str:
    """What the staff desk searches in: codes, folded name and short forms in one string."""
    name_words = words(name)
    return " ".join(filter(None, [parent_code, code, *name_words, *aliases(name_words)]))
