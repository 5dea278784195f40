"""Tiny wheels for tests: gettext catalogs in an archive, and an archive that pip can fetch."""

import hashlib
import zipfile
from pathlib import Path


def catalog(entries, charset="UTF-8"):
    """A compiled catalog: entries are (english, translated), or dicts of polib's POEntry."""
    import polib

    file = polib.MOFile()
    file.metadata = {"Content-Type": f"text/plain; charset={charset}"}
    for entry in entries:
        fields = entry if isinstance(entry, dict) else {"msgid": entry[0], "msgstr": entry[1]}
        file.append(polib.MOEntry(**fields))
    return file.to_binary()


def wheel(path: Path, members):
    """A zip file with the given members, by name."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def package(folder: Path, name="tiny-data", version="1.0", content="data"):
    """A wheel that pip finds in a folder, and its SHA-256."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    path = wheel(
        folder / f"{module}-{version}-py3-none-any.whl",
        {
            f"{module}/content.txt": content,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            "Requires-Dist: no-such-package-anywhere\nRequires-Python: >=99\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        },
    )
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
