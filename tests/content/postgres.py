"""A PostgreSQL for one test session, on a Unix socket in a temporary folder. What runs in it is the tests' matter."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HOW_TO_GET = "no PostgreSQL found: install it with `apt-get install postgresql` (Debian) or `brew install postgresql`"


def find_binaries() -> Path | None:
    """The folder of `initdb`, `pg_ctl` and `psql`: beside the `initdb` on the path, or where Debian keeps them."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    return max(Path("/usr/lib/postgresql").glob("*/bin"), default=None)


def _account() -> str:
    """PostgreSQL refuses to run as root, so it runs as `postgres`, or `nobody` where there is none."""
    if os.geteuid() != 0:
        return getpass.getuser()
    return "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"


@dataclass(frozen=True)
class Postgres:
    """A running server; statements go to its database through `psql`."""

    binaries: Path
    socket: Path
    database: str = "postgres"

    def execute(self, sql: str, stdin: bytes = b"") -> str:
        """Runs statements, in one transaction as Kestra does, and gives what they print.

        Raises AssertionError with the message of PostgreSQL when a statement fails.
        """
        options = [
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
        ]
        where = [f"--host={self.socket}", "--username=kestra", f"--dbname={self.database}"]
        command = [str(self.binaries / "psql"), *where, *options, f"--command={sql}"]
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()


@contextmanager
def running(binaries: Path) -> Iterator[Postgres]:
    """Makes a cluster, starts it, and removes both at the end."""
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="syncd-postgres-"))
    shutil.chown(folder, account)

    def run(program: str, *options: str) -> None:
        command = [str(binaries / program), "-D", str(folder / "data"), *options]
        user = account if os.geteuid() == 0 else None
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True, timeout=120)

    try:
        run("initdb", "--username=kestra", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        settings = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "--wait", f"--log={folder / 'log'}", f"--options={settings}", "start")
        try:
            yield Postgres(binaries, folder)
        finally:
            run("pg_ctl", "--wait", "--mode=immediate", "stop")
    finally:
        shutil.rmtree(folder)
