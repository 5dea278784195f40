from itertools import islice

from lib.sources import stdlib


def test_files_of_the_library_and_no_tests():
    found = list(islice(stdlib.documents({}, "zxx_Zyyy", [], 0), 60))
    assert all(document.text.strip() for document in found)
    assert all(document.key == document.message for document in found)
    assert not any(
        part in document.key.split("/") for document in found for part in ("test", "tests", "site-packages")
    )
    assert found == list(islice(stdlib.documents({}, "zxx_Zyyy", [], 1), 60))
    assert len({document.key for document in found}) > 10


def test_pieces_keep_all_lines_and_their_indentation():
    text = "\n\n".join(f"    def f{i}():\n        return {i}" for i in range(2000))
    found = stdlib.pieces(text)
    assert len(found) > 1
    assert all(len(piece) <= stdlib.LONGEST for piece in found)
    assert "\n\n".join(found) == text


def test_a_paragraph_is_never_cut():
    long = "x" * (stdlib.LONGEST + 1)
    assert stdlib.pieces(f"a\n\n{long}\n\nb") == ["a", long, "b"]
    assert stdlib.pieces("\n\n\n") == []
