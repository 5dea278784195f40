"""Translated messages from the gettext catalogs (.mo) in archives, parallel by their English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from lib.archives import open_archive
from lib.cli import UserError
from lib.languages import CATALOGS, ENGLISH
from lib.sources import Document
from lib.splits import normalise, shuffled

MEMBER = re.compile(r"(?:.*/)?locale/([^/]+)/LC_MESSAGES/[^/]+\.mo")

# What a program fills in or a browser hides: tags, entities, Python and ICU fields, addresses.
PLACEHOLDER = re.compile(
    r"<[^<>]*>|&#?\w+;|%\([^)]*\)[#0\- +]*[\d.]*[a-zA-Z]|%[\d.]*[sdifr%]|\{[^{}]*\}|https?://\S+|\S+@\S+\.\S+"
)

# Share of letters, outside placeholders, in the visible characters of an English message: below it
# the message is a form to fill in, not text ("%(count)s / %(total)s"); 1 % of the messages are.
LETTERS = 0.3

# Share of messages equal to their English. 0 to 6 % in catalogs of 1,000 messages or more (names,
# units), 21 % at most in small ones, 98 % in en_GB.
UNTRANSLATED = 0.6

# Messages in a language: fewer are too few for three splits and for any vocabulary.
FEW = 300


class Entry(NamedTuple):
    """A message of a catalog, in English and translated."""

    context: str
    english: str
    translated: str
    source: str


def documents(settings: dict[str, Any], lang: str, inputs: list[Path], seed: int) -> Iterator[Document]:
    """Messages in one language; for English the messages themselves.

    Where archives or locales have a message twice, the first one wins, in the order of the inputs.

    Raises:
        UserError: no catalogs for the language, too few messages, or most of them in English.
    """
    if lang not in CATALOGS:
        raise UserError(f"corpora: no catalogs are known for {lang}; lib/languages.py lists the languages")
    locales = CATALOGS[lang] or [name for names in CATALOGS.values() for name in names]
    merged: dict[tuple[str, str], Entry] = {}
    for archive in inputs:
        for entry in _entries(archive, locales):
            merged.setdefault((entry.context, entry.english), entry)
    entries = [entry for entry in merged.values() if is_text(entry.english)]
    if lang == ENGLISH:
        entries = [entry._replace(translated=entry.english) for entry in entries]
    else:
        translated = [entry for entry in entries if entry.translated != entry.english]
        untranslated = len(entries) - len(translated)
        if untranslated > UNTRANSLATED * len(entries):
            raise UserError(
                f"corpora: {lang}: {untranslated} of {len(entries)} messages in locale {', '.join(locales)} "
                "equal their English: they are not translated; leave the language out or use other archives"
            )
        entries = translated
    if len(entries) < FEW:
        raise UserError(
            f"corpora: {lang}: only {len(entries)} messages in {', '.join(str(path) for path in inputs)}, "
            f"at least {FEW} are needed; leave the language out or add archives"
        )
    # By hash, so that max_documents takes much the same messages in each language.
    for entry in sorted(entries, key=lambda entry: (shuffled(normalise(entry.english)), entry)):
        key = f"{entry.context}\x04{entry.english}"
        yield Document(key, entry.english, entry.translated, entry.source)


def is_text(english: str) -> bool:
    """Whether a message says something, rather than being markup and fields to fill in."""
    visible = sum(not character.isspace() for character in english)
    letters = sum(unicodedata.category(character)[0] == "L" for character in PLACEHOLDER.sub("", english))
    return letters > 1 and letters >= LETTERS * visible


def _entries(archive: Path, locales: list[str]) -> Iterator[Entry]:
    """The messages of an archive in some locales, by locale as listed and catalogs by name.

    Raises:
        UserError: a catalog does not have the charset that it names.
    """
    import polib

    with open_archive(archive) as wheel, TemporaryDirectory() as folder:
        members = {name: match[1] for name in sorted(wheel.namelist()) if (match := MEMBER.fullmatch(name))}
        for locale in locales:
            for name in (name for name, of in members.items() if of == locale):
                path = Path(folder, "catalog.mo")
                path.write_bytes(wheel.read(name))
                try:
                    catalog = polib.mofile(str(path))
                except (UnicodeDecodeError, LookupError, OSError) as error:
                    raise UserError(f"{archive}: catalog {name} cannot be read: {error}") from None
                for message in catalog:
                    # The last plural form is the one for large numbers, which each language has.
                    plurals = message.msgstr_plural
                    translated = plurals[max(plurals)] if plurals else message.msgstr
                    english = _tidy(message.msgid_plural or message.msgid)
                    yield Entry(message.msgctxt or "", english, _tidy(translated), f"{archive.stem}:{name}")


def _tidy(text: str) -> str:
    """A message without the indentation that it had in the template it was taken from."""
    return re.sub(r"[ \t\r]*\n\s*", "\n", text.strip())
