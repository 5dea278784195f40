from lib.decoding.contrasts import groups


class Tokens:
    """A tokenizer of a few words."""

    TEXTS = (" yes", "Yes", "yesterday", "no", "NO\n", " True", "false", "maybe", " odd", "Even")

    def __len__(self):
        return len(self.TEXTS)

    def batch_decode(self, sequences):
        return ["".join(self.TEXTS[token] for token in ids) for ids in sequences]


def test_all_spellings_of_an_answer_count():
    assert groups(Tokens(), "yes-no") == ([0, 1, 5], [3, 4, 6])


def test_every_pair_of_options_has_its_own_words():
    assert groups(Tokens(), "even-odd") == ([9], [8])


def test_options_that_are_no_tokens_are_not_compared(monkeypatch):
    monkeypatch.setattr(Tokens, "TEXTS", Tokens.TEXTS[:-1])  # "even" is written in pieces
    assert groups(Tokens(), "even-odd") is None


def test_other_questions_have_no_words():
    assert groups(Tokens(), "number") is None
