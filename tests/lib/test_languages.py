import re
import subprocess
import sys
import time
from pathlib import Path

import icu
import pytest
import yaml

from lib.languages import CATALOGS, COMPOSITE, NO_SCRIPT, known, name_of, scripts

ROOT = Path(__file__).parents[2]


def test_codes_have_the_form_of_the_paths():
    assert all(re.fullmatch("[a-z]{3}_[A-Z][a-z]{3}", lang) for lang in known())


def test_no_locale_serves_two_languages_and_none_is_informal():
    locales = [locale for names in CATALOGS.values() for locale in names]
    assert len(locales) == len(set(locales))
    assert not any("Informal" in locale for locale in locales)


def test_the_default_languages_are_known_and_cover_seven_scripts():
    config = yaml.safe_load((ROOT / "config" / "config.yaml").read_text())
    languages = config["corpora"]["catalogs"]["languages"]
    assert set(languages) <= known()
    assert len(languages) >= 12
    assert len({lang.split("_")[1] for lang in languages}) >= 7


@pytest.mark.parametrize("lang", sorted(known()))
def test_each_language_has_a_name_and_scripts_that_unicode_knows(lang):
    assert name_of(lang) != lang.split("_")[0]
    for script in scripts(lang):
        assert icu.Char.getPropertyValueEnum(icu.UProperty.SCRIPT, script) >= 0


def test_names():
    assert [name_of(lang) for lang in ("fra_Latn", "zho_Hans", "eng_Latn")] == [
        "French",
        "Chinese",
        "English",
    ]


def test_codes_for_several_scripts():
    assert scripts("jpn_Jpan") == {"Hani", "Hira", "Kana"}
    assert scripts("zho_Hans") == scripts("zho_Hant") == {"Hani"}
    assert scripts("zxx_Zyyy") == set()
    assert not NO_SCRIPT & COMPOSITE.keys()


def test_the_list_is_light():
    start = time.time()
    check = "import sys; from lib.languages import known; known(); assert 'icu' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], cwd=ROOT / "workflow" / "scripts", check=True)
    assert time.time() - start < 1
