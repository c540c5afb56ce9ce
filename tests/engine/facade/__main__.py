"""Starts one engine and serves its routes on 127.0.0.1 until a signal or the end of standard input."""

import argparse
import os
import signal
import sys
import threading
import traceback
from pathlib import Path

import uvicorn

from .engine import Engine, boot
from .java import start_jvm
from .runner import start_services
from .web import application

_SETTINGS = Path(__file__).parent / "settings"
_IDLE_SECONDS = 3600  # as the server: a client finds its idle connections still open


def main() -> None:
    """Boots the engine, then serves; the engine's own threads would outlive a return, so the process is ended hard."""
    options = _options()
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        uvicorn.run(
            application(_engine(options)), port=options.port, log_level="warning", timeout_keep_alive=_IDLE_SECONDS
        )
        status = 0
    except BaseException:  # noqa: BLE001 - whatever it is, the process must end with it
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _end_with_input() -> None:
    """The launcher holds the other end of standard input; when it is gone, so is the reason to serve."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _engine(options: argparse.Namespace) -> Engine:
    properties = {"micronaut__config__files": _SETTINGS / "application.yml"}
    properties["logback__configurationFile"] = _SETTINGS / "logback.xml"
    start_jvm(options.libraries, options.jdk, **properties)
    engine = boot(options.directory, options.grpc_port)
    start_services(engine)
    return engine


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="facade", description="Serve a Kestra engine on 127.0.0.1.")
    parser.add_argument("--libraries", type=Path, required=True, help="folder with the engine's jars")
    parser.add_argument("--jdk", type=Path, required=True, help="home of a JDK 25")
    parser.add_argument("--directory", type=Path, required=True, help="empty folder for stored files")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--grpc-port", type=int, required=True, help="free port, used inside the 2.0 engine only")
    return parser.parse_args()


if __name__ == "__main__":
    main()
