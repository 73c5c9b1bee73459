"""Registers in PostgreSQL: a server of our own on loopback, from Debian's packages."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

import hiddenpop as hp

pytestmark = pytest.mark.slow
OWNER = "postgres"  # the server does not run as root


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def programs():
    """Folder of the server's programs; installed if there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        subprocess.run(["apt-get", "install", "-y", "-q", "postgresql"], check=True, capture_output=True)
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent


def as_owner(*command):
    if os.getuid() == 0:
        command = ("runuser", "-u", OWNER, "--", *command)
    subprocess.run(command, check=True, capture_output=True, cwd="/")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Address of a database that trusts whoever comes from this machine."""
    folder, port, bin = Path("/tmp") / f"hiddenpop-postgresql-{os.getpid()}", free_port(), programs()
    folder.mkdir()
    if os.getuid() == 0:
        shutil.chown(folder, OWNER, OWNER)
    data = folder / "data"
    try:
        as_owner(str(bin / "initdb"), "-D", str(data), "-A", "trust", "-U", OWNER, "-E", "UTF8")
        options = f"-p {port} -k {folder} -h 127.0.0.1"
        as_owner(str(bin / "pg_ctl"), "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
        yield f"postgresql://{OWNER}@127.0.0.1:{port}/postgres"
    finally:
        as_owner(str(bin / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder)


def test_registers_in_postgresql_give_the_same_table(server, tmp_path):
    design = hp.Design(population=3000, probabilities=(0.2, 0.3))
    made = hp.make_registers(design, ["police", "ngo"], seed=1)
    path = made.write(tmp_path)
    expected = hp.read_registers(path)
    with psycopg.connect(server) as database:
        database.execute('CREATE SCHEMA "the office"')
        database.execute(
            'CREATE TABLE "the office"."police ""cases""" (key text, sex text, region text, found date, status text)'
        )
        with database.cursor() as cursor:
            rows = made.registers["police"][["key", "sex", "region", "found", "status"]].itertuples(index=False)
            cursor.executemany('INSERT INTO "the office"."police ""cases""" VALUES (%s, %s, %s, %s, %s)', list(rows))
    text = path.read_text().replace('"police.csv"', f"'{server}::the office.police \"cases\"'")
    path.write_text(text)
    found = hp.read_registers(path)
    assert found.table == expected.table
    assert found.accounts == expected.accounts


def test_faults_of_a_database_say_nothing_of_it(server, tmp_path):
    made = hp.make_registers(hp.Design(population=300, probabilities=(0.2, 0.3)), ["police", "ngo"], seed=1)
    path = made.write(tmp_path)
    text = path.read_text()
    for address, message in (
        (f"{server}::absent", "'absent' cannot be read from PostgreSQL"),
        (f"{server.replace('postgres@', 'me:secret@')}::cases", "A password stands in the source"),
        ("postgresql://postgres@127.0.0.1:1/none::cases", "cannot be read from PostgreSQL"),
    ):
        path.write_text(text.replace('"police.csv"', f'"{address}"'))
        with pytest.raises(hp.DataError, match=message) as refused:
            hp.read_registers(path)
        assert "secret" not in str(refused.value)
