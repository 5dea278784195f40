import pytest

from lib.cli import UserError, main, settings


def test_settings_from_text_and_from_a_file(tmp_path):
    (tmp_path / "arm.json").write_text('{"rank": 4}')
    assert settings(' {"rank": 4}') == settings(str(tmp_path / "arm.json")) == {"rank": 4}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no/such/file.json", "neither a JSON object nor a file"),
        ('{"rank": }', "not valid JSON"),
        ("[1, 2]", "must be a JSON object"),
        ("[" + "1, " * 3000 + "1]", "must be a JSON object"),
    ],
)
def test_what_is_not_settings_is_told(text, message):
    with pytest.raises(UserError, match=message):
        settings(text)


def test_a_users_mistake_is_one_line(monkeypatch, capsys):
    def step() -> None:
        raise UserError("items.parquet: no rows")

    monkeypatch.setattr("sys.argv", ["step"])
    with pytest.raises(SystemExit) as end:
        main(step)
    assert end.value.code == 1
    assert capsys.readouterr().err == "error: items.parquet: no rows\n"


def test_a_missing_file_is_one_line(monkeypatch, capsys, tmp_path):
    def step() -> None:
        (tmp_path / "items.parquet").read_bytes()

    monkeypatch.setattr("sys.argv", ["step"])
    with pytest.raises(SystemExit) as end:
        main(step)
    assert end.value.code == 1
    assert capsys.readouterr().err == f"error: {tmp_path}/items.parquet: there is no such file\n"


def test_a_defect_keeps_its_traceback(monkeypatch):
    def step() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("sys.argv", ["step"])
    with pytest.raises(ZeroDivisionError):
        main(step)


def test_options_are_those_of_the_function(monkeypatch):
    seen = []

    def step(steps: int, name: str = "none") -> None:
        seen.append((steps, name))

    monkeypatch.setattr("sys.argv", ["step", "3", "--name", "x"])
    with pytest.raises(SystemExit) as end:
        main(step)
    assert (end.value.code, seen) == (0, [(3, "x")])
