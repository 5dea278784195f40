"""Families of languages, named by the codes of ISO 639-5 (https://www.loc.gov/standards/iso639-5/).

For the languages of the default catalogs and others that often have text, by ISO 639-3. Families are the
largest groups of ISO 639-5 that claim a common descent: Turkic, not the disputed Altaic, and none that
are merely of one region. A language that stands alone, like Korean or Basque, is a family of its own.
"""

from __future__ import annotations

from lib import languages

FAMILIES = {
    "aav": "khm mnw sat vie",
    "afa": "acm acq aeb afb ajp amh apc ara arb arc ars ary arz gaz hau heb kab mlt orm som taq tir tmh tzm",
    "alg": "cre oji",
    "art": "epo ido ina ile jbo tlh vol",
    "aym": "ayr aym",
    "azc": "nah",
    "ccn": "abk ava che inh kbd lez",
    "ccs": "kat xmf",
    "crp": "bis gcf hat kea mfe pap sag tpi",
    "dra": "kan mal tam tcy tel",
    "esx": "iku kal",
    "euq": "eus",
    "ine": "afr als ang asm ast awa bel ben bho bos bre bul cat ces ckb cor cos csb cym dan deu dgo doi dsb "
    "ell eng fao fas fra frp frr fry fur gla gle glg glk glv gom grc gsw guj hin hne hrv hsb hye isl ita "
    "kas kmr kok kur lad lat lav lij lim lit lmo ltg ltz lvs mag mai mar mkd mwl mzn nds nep nld nno nob nor "
    "npi oci ori ory oss pan pbt pes pli pol por prs pus rmy roh rom ron rue rup rus san scn sco sin skr "
    "slk slv snd spa sqi srd srp stq swe szl tgk ukr urd vec wln yid zea",
    "jpx": "jpn",
    "kor": "kor",
    "map": "ace ban bcl bjn bug ceb cha dtp fij fil haw hil ilo ind jav mad mah min mlg mri msa nia "
    "pag pam plt smo sun tah tet tgl ton war zsm",
    "nic": "aka bam bem bss cjk dyu ewe ffm fon ful fuv gur ibo kam kbp kik kin kmb kon lin lua lug mos nso "
    "nya run sna sot ssw swa swh tsn tso tum twi umb ven wol xho yor zul",
    "qwe": "que quy quz",
    "sit": "bod cmn dzo hak kac lus mni mya nan new wuu yue zho",
    "ssa": "dik din kau knc luo nus",
    "tai": "lao shn tha zha",
    "trk": "alt aze azb azj bak chv crh gag kaa kaz kir krc kum nog sah tat tuk tur tyv uig uzb uzn",
    "tup": "grn",
    "tuw": "evn mnc",
    "urj": "est fin hun koi kom kpv krl liv mdf mhr mrj myv sme smj sms udm vep vro",
    "xgn": "bua khk mon xal",
}
FAMILY_OF = {lang: family for family, members in FAMILIES.items() for lang in members.split()}


def bucket(lang: str) -> tuple[str, ...]:
    """Family and scripts of a language: deu_Latn and fra_Latn share theirs, rus_Cyrl has another.

    Raises:
        KeyError: the family of the language is not known.
    """
    code, script = lang.split("_")
    return (FAMILY_OF[code], *sorted(languages.scripts(lang) or {script}))
