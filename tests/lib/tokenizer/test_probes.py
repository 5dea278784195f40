from lib.tokenizer.probes import numbers, probes, split


def test_numbers_are_distinct_and_of_their_length():
    for digits in (4, 7):
        probe = numbers(digits)
        assert len(set(probe.texts)) == 1000 and {len(text) for text in probe.texts} == {digits}
        assert {text[0] for text in probe.texts} == set("123456789")
        assert {text[-1] for text in probe.texts} == set("0123456789")


def test_spans_are_what_the_names_say():
    found = probes()
    cut = {
        name: {text[a:b] for text, a, b in zip(p.texts, p.starts, p.ends, strict=True)}
        for name, p in found.items()
    }
    assert cut["indentation_8_spaces"] == {" " * 8} and cut["indentation_2_tabs"] == {"\t\t"}
    assert "1000" in cut["number_4_digits"]
    assert all(text.isascii() for probe in found.values() for text in probe.texts)  # characters are bytes


def test_split():
    assert split(0, 4, [1]) == "1+3"
    assert split(7, 11, [3, 7, 8, 11, 12]) == "1+3"  # at the ends is not inside
    assert split(0, 4, []) == "4" and split(0, 2, [0.5]) == "0.5+1.5"
