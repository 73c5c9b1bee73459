"""The shell examples of the README do what they say. (Its Python examples run as doctests.)"""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def examples():
    """(command, expected output) in order, from the fenced `console` blocks."""
    text = README.read_text(encoding="utf-8")
    for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def files():
    """(name, text) of the descriptions whose first line is their name."""
    for block in re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL):
        if found := re.match(r"# (\w+\.toml)\n", block):
            yield found[1], block


def test_commands_print_what_the_readme_says(tmp_path):
    for name, text in files():
        (tmp_path / name).write_text(text)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    seen = 0
    for command, expected in examples():
        ran = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path, "COLUMNS": "200"},
        )
        told = ran.stdout + ran.stderr if expected.startswith("Error") else ran.stdout
        assert told.split() == expected.split(), command
        seen += 1
    assert seen >= 5
    assert (tmp_path / "kosovo.html").exists()


def test_the_two_commands_are_the_first_lines_of_the_first_two_blocks():
    blocks = re.findall(r"```sh\n(.*?)\n```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "hiddenpop report uk_2013" in blocks[0]
    assert "pytest" in blocks[1]
