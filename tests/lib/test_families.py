from collections import Counter

import pytest

from lib import families, languages


def test_each_language_has_one_family():
    members = Counter(lang for group in families.FAMILIES.values() for lang in group.split())
    assert set(members.values()) == {1}
    assert all(
        len(code) == 3 and code.isalpha() and code.islower() for code in [*members, *families.FAMILIES]
    )


def test_every_language_of_the_catalogs_has_a_bucket():
    assert all(families.bucket(lang) for lang in languages.known())


def test_a_bucket_is_family_and_script():
    assert families.bucket("jpn_Jpan") == ("jpx", "Hani", "Hira", "Kana")
    assert families.bucket("srp_Cyrl") != families.bucket("srp_Latn") == families.bucket("deu_Latn")
    assert families.bucket("hin_Deva")[0] == "ine" and families.bucket("tam_Taml")[0] == "dra"
    with pytest.raises(KeyError):
        families.bucket("qqq_Latn")
