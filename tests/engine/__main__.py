"""`python -m tests.engine [VERSION] [PORT]`: an engine to try things against, until interrupted."""

import signal
import sys

from .launch import PASSWORD, USERNAME, VERSIONS, start


def main() -> None:
    """Starts the engine, prints where it is, and stops it at Ctrl-C or SIGTERM."""
    version = sys.argv[1] if len(sys.argv) > 1 else VERSIONS[-1]
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    engine = start(version, int(sys.argv[2]) if len(sys.argv) > 2 else 8080)
    try:
        sys.stdout.write(f"Kestra {version} answers at {engine.url} ({USERNAME} / {PASSWORD}); stop it with Ctrl-C.\n")
        sys.stdout.flush()
        signal.pause()
    except KeyboardInterrupt:
        engine.stop()


if __name__ == "__main__":
    main()
