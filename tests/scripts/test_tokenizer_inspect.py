import pytest
from commands import run
from multilingual import texts
from tokenizers import Tokenizer, models, pre_tokenizers

from lib.contracts.tokenizer import MORPHS, PROBES, VOCABULARY
from lib.tokenizer import trainers


def inspect(folder, morphs=None):
    about = {"name": "tok", "settings": {"family": "bpe", "mix": "all"}, "segmentations": morphs or {}}
    outputs = {name: folder / f"{name}.parquet" for name in ("vocabulary", "probes", "morphs")}
    tokenizer = folder / "tokenizer.json"
    return run("tokenizer_inspect", **about, tokenizer=tokenizer, resamples=100, **outputs)


def tables(folder, morphs=None):
    done = inspect(folder, morphs)
    assert done.returncode == 0, done.stderr
    contracts = {"vocabulary": VOCABULARY, "probes": PROBES, "morphs": MORPHS}
    return [contract.read(folder / f"{name}.parquet") for name, contract in contracts.items()]


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bytes")
    tokenizer = trainers.bytebpe(texts() * 2, 330)
    trainers.save(tokenizer, folder)
    return tokenizer, folder


def test_the_vocabulary_adds_up(byte_level):
    tokenizer, folder = byte_level
    vocabulary, _, morphs = tables(folder)
    assert vocabulary["tokens"].sum() == tokenizer.get_vocab_size() == vocabulary["vocab_size"].iloc[0]
    assert vocabulary["share"].sum() == pytest.approx(1)
    parts = dict(zip(vocabulary["part"], vocabulary["tokens"], strict=True))
    assert parts["bytes"] >= 128 and parts["digits"] == 10 and parts["special"] >= 1
    assert morphs.empty


def words_of(folder, vocab):
    """A tokenizer that takes the longest piece of its vocabulary, whatever comes before."""
    tokenizer = Tokenizer(models.WordPiece(vocab, unk_token="[UNK]", continuing_subword_prefix=""))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))


def test_probes_and_morphs_by_hand(tmp_path):
    pieces = ["[UNK]", "un", "fair", "ly", "cat", "s", "ca", "ts", "fairly", " ", *"0123456789", "11"]
    words_of(tmp_path, {piece: index for index, piece in enumerate(pieces)})
    gold = tmp_path / "gold.tsv"
    gold.write_text("unfairly\tun fair ly\ncats\tcat s\nwent\tgo ed\n")
    vocabulary, probes, morphs = tables(tmp_path, {"eng_Latn": str(gold)})
    probe = probes.set_index("probe").loc["number_4_digits"]
    assert probe["commonest"] == "1+1+1+1" and 3.9 < probe["pieces"] < 4 and probe["n"] == 1000
    assert probe["commonest_share"] < 1
    # un|fairly has one of two boundaries, cat|s its only one.
    value = morphs.set_index("metric")["value"]
    assert value.to_dict() == {"precision": 1.0, "recall": 2 / 3, "f1": 4 / 5}
    assert set(morphs["n_words"]) == {2} and set(morphs["n_boundaries"]) == {3}
    assert set(morphs["n_left_out"]) == {1} and set(morphs["lang"]) == {"eng_Latn"}
    assert dict(zip(vocabulary["part"], vocabulary["tokens"], strict=True)) == {
        "Latn": 8, "digits": 11, "whitespace": 1, "special": 1,
    }  # fmt: skip


def test_no_boundary_is_no_score(tmp_path):
    words_of(tmp_path, {"[UNK]": 0, "cats": 1, " ": 2})
    (tmp_path / "gold.tsv").write_text("cats\tcat s\n")
    *_, morphs = tables(tmp_path, {"eng_Latn": str(tmp_path / "gold.tsv")})
    value = morphs.set_index("metric")["value"]
    assert value.isna().to_dict() == {"precision": True, "recall": False, "f1": False}
    assert value["recall"] == value["f1"] == 0


@pytest.mark.parametrize(("text", "complaint"), [("cats cat s\n", "line 1 "), ("went\tgo ed\n", "spell it")])
def test_bad_gold_is_refused_with_file_and_key(byte_level, tmp_path, text, complaint):
    (tmp_path / "gold.tsv").write_text(text)
    done = inspect(byte_level[1], {"fin_Latn": str(tmp_path / "gold.tsv")})
    assert done.returncode and "Traceback" not in done.stderr
    assert (
        "tokenizer.morphs.fin_Latn" in done.stderr and "gold.tsv" in done.stderr and complaint in done.stderr
    )
