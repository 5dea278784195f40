import pytest

from lib.alarms import check_charset, check_script, damaged, misread, script_share
from lib.cli import UserError

SOUND = [
    "Größe ändern",
    "l'été à Noël",
    "日本語",
    "тест",
    "naïve café — “ok”…",
    "tab\tand\nline",
    "£5 ± 2 µm",
]


@pytest.mark.parametrize("text", SOUND)
def test_sound_text_is_not_damaged(text):
    assert not damaged(text)


@pytest.mark.parametrize("text", [text for text in SOUND if not text.isascii()])
def test_utf8_read_as_latin_1_is_damaged(text):
    assert damaged(text.encode().decode("latin-1"))


@pytest.mark.parametrize("text", ["Größe", "été", "l’été", "naïve “café”"])
def test_utf8_read_as_windows_1252_is_misread(text):
    assert misread(text.encode().decode("cp1252", errors="replace"))


@pytest.mark.parametrize("text", ["l\ufffdt\ufffd", "a\x00b", "a\x85b"])
def test_replacement_and_control_characters_are_damage(text):
    assert damaged(text)


def test_one_odd_text_in_a_thousand_is_no_alarm_and_one_in_twenty_is():
    odd = "grâce à\xa0« lui »"  # sound French whose bytes happen to be UTF-8
    assert misread(odd)
    check_charset(["texte"] * 999 + [odd], "here")
    with pytest.raises(UserError, match=r"here: 1 of 20 documents have damaged characters.*UTF-8"):
        check_charset(["texte"] * 19 + ["Ã©tÃ©"], "here")


@pytest.mark.parametrize(
    ("text", "lang", "share"),
    [
        ("日本語カタカナひらがな", "jpn_Jpan", 1.0),
        ("日本 ab", "jpn_Jpan", 0.5),
        ("한국 漢字", "kor_Kore", 1.0),
        ("한국 漢字", "kor_Hang", 0.5),
        ("简体", "zho_Hans", 1.0),
        ("Ελλ abc", "ell_Grek", 0.5),
        ("x = 1", "zxx_Zyyy", 1.0),
        ("தமிழ் 123 !", "tam_Taml", 1.0),
    ],
)
def test_share_of_letters_in_the_script(text, lang, share):
    assert script_share([text], lang) == pytest.approx(share)


def test_wrong_script_is_an_alarm():
    check_script(["Добро пожаловать, Weblate"], "rus_Cyrl", "here")
    with pytest.raises(UserError, match="here: only 0% of the letters are in the script of jpn_Jpan"):
        check_script(["Save changes", "Cancel"], "jpn_Jpan", "here")
    with pytest.raises(UserError, match="no letters"):
        check_script(["???", "12"], "jpn_Jpan", "here")
