import json

import pytest

from feedmirror.cli.output import print_json


def test_json_says_all_and_steers_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"title": "a\x1b]0;x\x07 \x9b2J \u202eb \u200b \U000e0041 é 漢 👩\u200d🚀", "n": [1]}

    print_json(value)

    written = capsys.readouterr().out
    assert json.loads(written) == value
    assert all(letter.isprintable() or letter == "\n" for letter in written)
    assert "é 漢 👩" in written
