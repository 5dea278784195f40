"""A larger parallel text to measure on: the paragraphs of LibreOffice's help, from Debian's packages.

Example:
    python tests/benchmarks/help_texts.py

READS   nothing; fetches libreoffice-help-* with `apt-get download`, about 60 MB
WRITES  {lang}.parquet in the user's cache folder: a document a paragraph; the group is its place in the help.
        Paragraphs that are as in English are left out of other languages: they are not translated.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from peers import cache

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "scripts"))

from lib.contracts.corpus import DOCUMENTS

ENGLISH = "eng_Latn"
LANGUAGES = {
    ENGLISH: "en-us", "ces_Latn": "cs", "deu_Latn": "de", "ell_Grek": "el", "fra_Latn": "fr",
    "hun_Latn": "hu", "jpn_Jpan": "ja", "kor_Hang": "ko", "nld_Latn": "nl", "pol_Latn": "pl",
    "rus_Cyrl": "ru", "spa_Latn": "es", "tur_Latn": "tr", "vie_Latn": "vi", "zho_Hans": "zh-cn",
}  # fmt: skip
PAGES = "usr/share/libreoffice/help/*/text"


class Paragraphs(HTMLParser):
    """The text of each element of a page that has a paragraph's or a heading's id."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, list[str]] = {}
        self._inside: tuple[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a paragraph."""
        name = dict(attrs).get("id") or ""
        if name.startswith(("par_id", "hd_id")):
            self._inside = tag, name
            self.found[name] = []

    def handle_endtag(self, tag: str) -> None:
        """End a paragraph."""
        if self._inside and self._inside[0] == tag:
            self._inside = None

    def handle_data(self, data: str) -> None:
        """Keep what a paragraph says."""
        if self._inside:
            self.found[self._inside[1]].append(data)


def paragraphs(folder: Path) -> Iterator[tuple[str, str]]:
    """Place and text of each paragraph of a help."""
    for path in sorted(folder.rglob("*.html")):
        page = Paragraphs()
        page.feed(path.read_text(encoding="utf-8"))
        for name, said in page.found.items():
            if text := " ".join("".join(said).split()):
                yield f"{path.relative_to(folder)}#{name}", text


def fetch(package: str, folder: Path) -> Path:
    """Download and unpack a Debian package; the folder of its pages."""
    subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    (archive,) = folder.glob(f"{package}_*.deb")
    subprocess.run(["dpkg", "-x", archive, folder / package], check=True)
    (pages,) = folder.glob(f"{package}/{PAGES}")
    return pages


def files() -> list[Path]:
    """The tables of all languages, which are made once."""
    folder = cache("help")
    paths = {lang: folder / f"{lang}.parquet" for lang in LANGUAGES}
    if all(path.is_file() for path in paths.values()):
        return list(paths.values())
    folder.mkdir(parents=True, exist_ok=True)
    english: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        for lang, code in LANGUAGES.items():
            said = dict(paragraphs(fetch(f"libreoffice-help-{code}", Path(name))))
            english = english or said
            facts = {"lang": lang, "domain": "help", "source": f"libreoffice-help-{code}"}
            rows = [
                {**facts, "doc_id": place, "group_id": place, "text": text}
                for place, text in said.items()
                if lang == ENGLISH or text != english.get(place)
            ]
            DOCUMENTS.write(rows, paths[lang])
            print(f"help_texts: {lang}: {len(rows)} paragraphs", file=sys.stderr)
    return list(paths.values())


if __name__ == "__main__":
    files()
