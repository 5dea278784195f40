import pytest
from catalogs import catalog, wheel

from lib.cli import UserError
from lib.sources import gettext

WORDS = ["alpha", "beta", "gamma", "delta", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu"]
MANY = [(f"The {one} of {other}", f"{other}の{one}です") for one in WORDS * 3 for other in WORDS]
MANY = [(f"{english} {i}", f"{japanese}{i}") for i, (english, japanese) in enumerate(MANY)]


def archive(folder, name="app", **catalogs):
    members = {f"app/locale/{locale}/LC_MESSAGES/django.mo": catalog(es) for locale, es in catalogs.items()}
    return wheel(folder / f"{name}.whl", members)


def read(lang, *archives):
    return {d.key: d for d in gettext.documents({}, lang, list(archives), 0)}


def test_messages_and_english_are_parallel(tmp_path):
    path = archive(tmp_path, ja=MANY)
    japanese, english = read("jpn_Jpan", path), read("eng_Latn", path)
    assert japanese.keys() == english.keys()
    assert {(english[key].text, japanese[key].text) for key in english} == set(MANY)
    first = next(iter(japanese.values()))
    assert first.source == "app:app/locale/ja/LC_MESSAGES/django.mo"
    assert first.message == english[first.key].text


def test_contexts_are_apart_and_plurals_take_the_form_for_many(tmp_path):
    special = [
        {"msgid": "Open", "msgstr": "開く", "msgctxt": "verb"},
        {"msgid": "Open", "msgstr": "公開", "msgctxt": "state"},
        {"msgid": "%d file", "msgid_plural": "%d files", "msgstr_plural": {0: "one", 1: "%d ファイル"}},
    ]
    found = read("jpn_Jpan", archive(tmp_path, ja=[*MANY, *special]))
    assert found["verb\x04Open"].text == "開く"
    assert found["state\x04Open"].text == "公開"
    assert found["\x04%d files"].text == "%d ファイル"
    assert "\x04%d file" not in found


def test_archives_are_merged_and_the_first_one_wins(tmp_path):
    one = archive(tmp_path, "one", ja=[*MANY, ("Total", "合計")])
    two = archive(tmp_path, "two", ja=[("Total", "総計"), ("Second", "第二")])
    found = read("jpn_Jpan", one, two)
    assert (found["\x04Total"].text, found["\x04Second"].text) == ("合計", "第二")


def test_informal_and_foreign_locales_are_not_read(tmp_path):
    path = archive(
        tmp_path, ja=MANY, ja_Informal=[("Hello there", "やあ")], de=[("German only", "Nur Deutsch")]
    )
    assert not {"\x04Hello there", "\x04German only"} & read("jpn_Jpan", path).keys()
    assert "\x04German only" in read("eng_Latn", path)


def test_untranslated_messages_are_dropped_and_most_of_them_is_an_alarm(tmp_path):
    path = archive(tmp_path, ja=[*MANY, ("Weblate", "Weblate")])
    assert "\x04Weblate" not in read("jpn_Jpan", path)
    copied = [(english, english) for english, _ in MANY[:300]] + MANY[300:]
    with pytest.raises(UserError, match=r"jpn_Jpan: 300 of 432 messages in locale ja equal their English"):
        read("jpn_Jpan", archive(tmp_path, "copied", ja=copied))


def test_an_empty_language_is_an_alarm(tmp_path):
    with pytest.raises(UserError, match="jpn_Jpan: only 0 messages"):
        read("jpn_Jpan", archive(tmp_path, de=MANY))
    with pytest.raises(UserError, match="jpn_Jpan: only 20 messages"):
        read("jpn_Jpan", archive(tmp_path, "few", ja=MANY[:20]))
    with pytest.raises(UserError, match="no catalogs are known for tlh_Latn"):
        read("tlh_Latn", archive(tmp_path, "none", ja=MANY))


def test_a_catalog_that_is_not_in_its_charset_is_named(tmp_path):
    content = catalog(MANY).replace("です".encode(), b"\xff\xfe\xff\xfe\xff\xfe")
    path = wheel(tmp_path / "bad.whl", {"app/locale/ja/LC_MESSAGES/django.mo": content})
    with pytest.raises(
        UserError, match=r"bad\.whl: catalog app/locale/ja/LC_MESSAGES/django\.mo cannot be read"
    ):
        read("jpn_Jpan", path)


@pytest.mark.parametrize(
    ("english", "expected"),
    [
        ("Save", True),
        ("You are logged in as <strong>%(user)s</strong>.", True),
        ("%(count)s / %(total)s", False),
        ("{category} ({category_type})", False),
        ("<a href='https://example.org'>%s</a>", False),
        ("2017-05-31 19:00", False),
        ("…", False),
        ("K", False),
    ],
)
def test_forms_to_fill_in_are_no_text(english, expected):
    assert gettext.is_text(english) is expected


def test_indentation_of_templates_is_dropped(tmp_path):
    entry = ("\n      Two lines\n      of a template\n   ", "\n  テンプレートの\n      二行\n")
    assert read("jpn_Jpan", archive(tmp_path, ja=[*MANY, entry]))["\x04Two lines\nof a template"].text == (
        "テンプレートの\n二行"
    )


def test_the_order_does_not_depend_on_the_language(tmp_path):
    path = archive(tmp_path, ja=MANY, de=[(english, f"Das {english}") for english, _ in MANY[50:]])
    japanese, german = (list(read(lang, path)) for lang in ("jpn_Jpan", "deu_Latn"))
    assert [key for key in japanese if key in german] == german
    assert japanese != sorted(japanese)
