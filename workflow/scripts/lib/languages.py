"""Languages and scripts: codes are ISO 639-3 and ISO 15924, like jpn_Jpan."""

from __future__ import annotations

ENGLISH = "eng_Latn"

# Locales of the gettext catalogs by language, in order of preference. Only languages with some 350
# messages or more in the default archives; one variety where there are regional ones. Left out:
# informal registers, and kk, whose catalogs mix Latin and Cyrillic.
CATALOGS = {
    "afr_Latn": ["af"],
    "ara_Arab": ["ar"],
    "ast_Latn": ["ast"],
    "aze_Latn": ["az"],
    "bak_Cyrl": ["ba"],
    "bel_Cyrl": ["be"],
    "bel_Latn": ["be_Latn"],
    "ben_Beng": ["bn"],
    "bos_Latn": ["bs"],
    "bre_Latn": ["br"],
    "bul_Cyrl": ["bg"],
    "cat_Latn": ["ca"],
    "ces_Latn": ["cs"],
    "ckb_Arab": ["ckb"],
    "cym_Latn": ["cy"],
    "dan_Latn": ["da"],
    "deu_Latn": ["de"],
    "dsb_Latn": ["dsb"],
    "ell_Grek": ["el"],
    ENGLISH: [],  # the messages themselves
    "epo_Latn": ["eo"],
    "est_Latn": ["et"],
    "eus_Latn": ["eu"],
    "fas_Arab": ["fa"],
    "fin_Latn": ["fi"],
    "fra_Latn": ["fr"],
    "gla_Latn": ["gd"],
    "gle_Latn": ["ga"],
    "glg_Latn": ["gl"],
    "heb_Hebr": ["he"],
    "hin_Deva": ["hi"],
    "hrv_Latn": ["hr"],
    "hsb_Latn": ["hsb"],
    "hun_Latn": ["hu"],
    "hye_Armn": ["hy"],
    "ina_Latn": ["ia"],
    "ind_Latn": ["id"],
    "isl_Latn": ["is"],
    "ita_Latn": ["it"],
    "jpn_Jpan": ["ja"],
    "kab_Latn": ["kab"],
    "kan_Knda": ["kn"],
    "kat_Geor": ["ka"],
    "khm_Khmr": ["km"],
    "kir_Cyrl": ["ky"],
    "kor_Hang": ["ko"],
    "lav_Latn": ["lv"],
    "lit_Latn": ["lt"],
    "ltz_Latn": ["lb"],
    "mal_Mlym": ["ml"],
    "mar_Deva": ["mr"],
    "mkd_Cyrl": ["mk"],
    "mon_Cyrl": ["mn"],
    "msa_Latn": ["ms"],
    "nep_Deva": ["ne"],
    "nld_Latn": ["nl"],
    "nno_Latn": ["nn"],
    "nob_Latn": ["nb", "nb_NO"],
    "oss_Cyrl": ["os"],
    "pan_Guru": ["pa"],
    "pol_Latn": ["pl"],
    "por_Latn": ["pt_BR"],
    "ron_Latn": ["ro"],
    "rus_Cyrl": ["ru"],
    "slk_Latn": ["sk"],
    "slv_Latn": ["sl"],
    "spa_Latn": ["es"],
    "sqi_Latn": ["sq"],
    "srp_Cyrl": ["sr"],
    "srp_Latn": ["sr_Latn"],
    "swa_Latn": ["sw"],
    "swe_Latn": ["sv"],
    "tam_Taml": ["ta"],
    "tat_Cyrl": ["tt"],
    "tel_Telu": ["te"],
    "tgk_Cyrl": ["tg"],
    "tha_Thai": ["th"],
    "tuk_Latn": ["tk"],
    "tur_Latn": ["tr"],
    "uig_Arab": ["ug"],
    "ukr_Cyrl": ["uk"],
    "urd_Arab": ["ur"],
    "uzb_Latn": ["uz"],
    "vie_Latn": ["vi"],
    "zho_Hans": ["zh_Hans"],
    "zho_Hant": ["zh_Hant"],
}

# ISO 15924 codes that stand for several Unicode scripts, or for a variant of one.
COMPOSITE = {
    "Hans": {"Hani"},
    "Hant": {"Hani"},
    "Jpan": {"Hani", "Hira", "Kana"},
    "Hrkt": {"Hira", "Kana"},
    "Kore": {"Hang", "Hani"},
    "Hanb": {"Hani", "Bopo"},
    "Aran": {"Arab"},
    "Cyrs": {"Cyrl"},
    "Geok": {"Geor"},
    "Latf": {"Latn"},
    "Latg": {"Latn"},
}

# Common, inherited, mathematical notation, symbols, unwritten, unknown: no script to check.
NO_SCRIPT = {"Zyyy", "Zinh", "Zmth", "Zsym", "Zxxx", "Zzzz"}


def known() -> set[str]:
    """The languages that the default catalogs can be built for."""
    return set(CATALOGS)


def name_of(lang: str) -> str:
    """The English name of a language, without its script: French for fra_Latn, Chinese for zho_Hans."""
    import icu

    return icu.Locale(lang.split("_")[0]).getDisplayLanguage(icu.Locale.getEnglish())


def scripts(lang: str) -> set[str]:
    """Unicode scripts, by their four-letter names, that a language is written in.

    Empty where the code names no script that letters could be compared with.
    """
    code = lang.split("_")[1]
    if code in NO_SCRIPT:
        return set()
    return COMPOSITE.get(code, {code})
