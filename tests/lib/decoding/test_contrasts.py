from lib.decoding.contrasts import groups


class Tokens:
    """A tokenizer of a few words."""

    TEXTS = (" yes", "Yes", "yesterday", "no", "NO\n", " True", "false", "maybe")

    def __len__(self):
        return len(self.TEXTS)

    def batch_decode(self, sequences):
        return ["".join(self.TEXTS[token] for token in ids) for ids in sequences]


def test_all_spellings_of_an_answer_count():
    assert groups(Tokens(), "yes-no") == ([0, 1, 5], [3, 4, 6])


def test_other_questions_have_no_words():
    assert groups(Tokens(), "number") is None
