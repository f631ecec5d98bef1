"""Whether a word can be a Vietnamese syllable: initial, rhyme and tone as Vietnamese spells them."""

import re
import unicodedata

_TONES = re.compile("[\u0300\u0301\u0303\u0309\u0323]")
_STOPPED_TONES = {"\u0301", "\u0323"}  # rhymes in c, ch, p and t carry only these two
_INITIALS = "b c ch d đ g gh gi h k kh l m n ng ngh nh p ph qu r s t th tr v x"
_RHYMES = """
    a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây
    e ec em en eng eo ep et ê êch êm ên ênh êp êt êu
    i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu
    o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on ong oong
    ooc op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt
    u ua uân uâng uât uây uc ui um un ung up ut uê uêch uênh uơ uôc uôi uôm uôn uông uôt
    uy uya uych uyên uyêt uynh uyt uyu uyp ư ưa ưc ưi ưm ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu
    y yêm yên yêng yêt yêu ynh yt ych
"""
_SYLLABLE = re.compile(f"(?:{'|'.join(_INITIALS.split())})?(?:{'|'.join(_RHYMES.split())})")


def is_syllable(word: str) -> bool:
    """Whether `word`, of any case, in NFC or NFD, is spelled as a Vietnamese syllable."""
    signs = unicodedata.normalize("NFD", word.casefold())
    tones = _TONES.findall(signs)
    bare = unicodedata.normalize("NFC", _TONES.sub("", signs))
    # "qu" and "gi" hold the vowel that glides into the rhyme: quân is qu + ân, gì is g + i.
    if len(tones) > 1 or not _SYLLABLE.fullmatch(bare):
        return False
    return not (tones and bare.endswith(("c", "ch", "p", "t")) and tones[0] not in _STOPPED_TONES)
