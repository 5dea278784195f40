import pytest

from lib.cli import UserError
from lib.sources import reasoning_gym
from lib.splits import normalise


def read(seed=0, generators=("gsm_symbolic", "simple_equations"), most=40):
    settings = {"generators": list(generators), "max_documents": most}
    return list(reasoning_gym.documents(settings, "eng_Latn", [], seed))


def test_generators_take_turns_and_questions_differ():
    found = read()
    assert [document.source.split(":")[1] for document in found[:2]] == ["gsm_symbolic", "simple_equations"]
    assert len({document.key for document in found}) == len(found) == 40
    assert all(document.key == normalise(document.message) for document in found)


def test_worked_answers_are_used_where_there_are_some():
    worked, plain = read(most=2)
    assert "\n#### " in worked.text
    assert plain.text.count("\n") == 1


def test_equal_seeds_give_equal_and_other_seeds_other_questions():
    assert read(0) == read(0)
    assert not {d.key for d in read(0)} & {d.key for d in read(10**9)}


def test_a_small_problem_space_is_an_error_not_a_repetition():
    with pytest.raises(UserError, match="prime_factorization has only"):
        read(generators=["prime_factorization"], most=1000)


def test_mistakes_in_the_settings():
    with pytest.raises(UserError, match="no_such_generator"):
        read(generators=["no_such_generator"])
    with pytest.raises(UserError, match="max_documents"):
        list(reasoning_gym.documents({"generators": ["gsm_symbolic"]}, "eng_Latn", [], 0))
