"""Which language tags exist: test 6.1.12.

Source: RFC 5646 and the registry of language subtags it founds. Languages of two letters, regions
and scripts are known here in full (state of 2025). Of the eight thousand languages of three letters
only those are refused that the registry leaves out because a shorter subtag means the same
(RFC 5646 §2.2.1); extended languages and variants are taken as they are well-formed. Case means
nothing (RFC 5646 §2.1.1).
"""

import re
from typing import Final

__all__ = ["check_language"]

_LANGUAGES_TEXT: Final = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy
da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu
hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku kv
kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no nr
nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq
sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi
yo za zh zu
"""
_LANGUAGES: Final = frozenset(_LANGUAGES_TEXT.split())
# ISO 639-2 codes, of both kinds, of languages that have a code of two letters.
_SHORTER_TEXT: Final = """
aar abk afr aka alb amh ara arg arm asm ava ave aym aze bak bam baq bel ben bih bis bod bos
bre bul bur cat ces cha che chi chu chv cor cos cre cym cze dan deu div dut dzo ell eng epo
est eus ewe fao fas fij fin fra fre fry ful geo ger gla gle glg glv gre grn guj hat hau heb
her hin hmo hrv hun hye ibo ice ido iii iku ile ina ind ipk isl ita jav jpn kal kan kas kat
kau kaz khm kik kin kir kom kon kor kua kur lao lat lav lim lin lit ltz lub lug mac mah mal
mao mar may mkd mlg mlt mon mri msa mya nau nav nbl nde ndo nep nld nno nob nor nya oci oji
ori orm oss pan per pli pol por pus que roh ron rum run rus sag san sin slk slo slv sme smo
sna snd som sot spa sqi srd srp ssw sun swa swe tah tam tat tel tgk tgl tha tib tir ton tsn
tso tuk tur twi uig ukr urd uzb ven vie vol wel wln wol xho yid yor zha zho zul
"""
_SHORTER: Final = frozenset(_SHORTER_TEXT.split())
_REGIONS_TEXT: Final = """
AA AC AD AE AF AG AI AL AM AN AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN
BO BQ BR BS BT BU BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CP CQ CR CS CU CV CW CX CY
CZ DD DE DG DJ DK DM DO DZ EA EC EE EG EH ER ES ET EU EZ FI FJ FK FM FO FR FX GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU IC ID IE IL IM IN IO IQ IR IS IT
JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF
MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NT NU NZ
OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK
SL SM SN SO SR SS ST SU SV SX SY SZ TA TC TD TF TG TH TJ TK TL TM TN TO TP TR TT TV TW TZ UA
UG UM UN US UY UZ VA VC VE VG VI VN VU WF WS YD YE YT YU ZA ZM ZR ZW ZZ 001 002 003 005 009
011 013 014 015 017 018 019 021 029 030 034 035 039 053 054 057 061 142 143 145 150 151 154
155 202 419
"""
_REGIONS: Final = frozenset(_REGIONS_TEXT.lower().split())
_SCRIPTS_TEXT: Final = """
Adlm Afak Aghb Ahom Arab Aran Armi Armn Avst Bali Bamu Bass Batk Beng Berf Bhks Blis Bopo Brah
Brai Bugi Buhd Cakm Cans Cari Cham Cher Chis Chrs Cirt Copt Cpmn Cprt Cyrl Cyrs Deva Diak Dogr
Dsrt Dupl Egyd Egyh Egyp Elba Elym Ethi Gara Geok Geor Glag Gong Gonm Goth Gran Grek Gujr
Gukh Guru Hanb Hang Hani Hano Hans Hant Hatr Hebr Hira Hluw Hmng Hmnp Hntl Hrkt Hung Inds Ital
Jamo Java Jpan Jurc Kali Kana Kawi Khar Khmr Khoj Kitl Kits Knda Kore Kpel Krai Kthi Lana
Laoo Latf Latg Latn Leke Lepc Limb Lina Linb Lisu Loma Lyci Lydi Mahj Maka Mand Mani Marc
Maya Medf Mend Merc Mero Mlym Modi Mong Moon Mroo Mtei Mult Mymr Nagm Nand Narb Nbat Newa
Nkdb Nkgb Nkoo Nshu Ogam Olck Onao Orkh Orya Osge Osma Ougr Palm Pauc Pcun Pelm Perm Phag
Phli Phlp Phlv Phnx Piqd Plrd Prti Psin Ranj Rjng Rohg Roro Runr Samr Sara Sarb Saur Seal Sgnw
Shaw Shrd Shui Sidd Sidt Sind Sinh Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Syre Syrj Syrn
Tagb Takr Tale Talu Taml Tang Tavt Tayo Telu Teng Tfng Tglg Thaa Thai Tibt Tirh Tnsa Todr
Tols Toto Tutg Ugar Vaii Visp Vith Wara Wcho Wole Xpeo Xsux Yezi Yiii Zanb Zinh Zmth Zsye
Zsym Zxxx Zyyy Zzzz
"""
_SCRIPTS: Final = frozenset(_SCRIPTS_TEXT.lower().split())
_PRIVATE_SCRIPT: Final = re.compile(r"qa(?:a[a-z]|b[a-x])\Z")
_PRIVATE_REGION: Final = re.compile(r"(?:q[m-z]|x[a-z])\Z")
_GRANDFATHERED: Final = frozenset({"i-default", "i-mingo"})


def check_language(tag: str) -> str | None:
    """Say what does not exist in a well-formed tag; ``None`` when nothing is known to be wrong."""
    subtags = tag.lower().split("-")
    if subtags[0] == "x" or tag.lower() in _GRANDFATHERED:
        return None
    language, *rest = subtags
    # RFC 5646 §2.2.1: four letters are reserved, and no longer subtag was ever registered.
    match len(language):
        case 2:
            known = language in _LANGUAGES
        case 3:
            known = language not in _SHORTER
        case _:
            known = False
    return _check_rest(rest) if known else f"{language!r} is not a language"


def _check_rest(rest: list[str]) -> str | None:
    # The form was checked: extended languages, a script, a region, variants, extensions.
    while rest and re.fullmatch(r"[a-z]{3}", rest[0]):
        rest = rest[1:]
    if rest and re.fullmatch(r"[a-z]{4}", rest[0]):
        if rest[0] not in _SCRIPTS and _PRIVATE_SCRIPT.match(rest[0]) is None:
            return f"{rest[0]!r} is not a script"
        rest = rest[1:]
    if rest and re.fullmatch(r"[a-z]{2}|[0-9]{3}", rest[0]):
        if rest[0] not in _REGIONS and _PRIVATE_REGION.match(rest[0]) is None:
            return f"{rest[0]!r} is not a region"
        rest = rest[1:]
    # RFC 5646 §2.2.6: no singleton comes twice.
    single: set[str] = set()
    for subtag in rest:
        if subtag == "x":
            return None
        if len(subtag) == 1:
            if subtag in single:
                return f"the extension {subtag!r} comes twice"
            single.add(subtag)
    return None
