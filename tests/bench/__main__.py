"""`python -m tests.bench [FLOWS ...]`: what whole `syncd` processes cost beside bare calls to the same server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import httpx

from syncd.cli.options import Options
from syncd.cli.world import opened
from syncd.plan import Direction
from syncd.sync import decide, gather
from tests.bench.corpus import Corpus, build

LOGIN = ("admin@kestra.io", "Admin1234")
NAMESPACES = 20
RUNS = 3
MIB = 1024


@contextmanager
def sandbox() -> Iterator[str]:
    """An empty server in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "syncd", "sandbox", "--port", str(port)], stderr=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        while True:
            try:
                httpx.get(f"{url}/api/v1/configs", auth=LOGIN)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall clock, seconds of processor, and peak memory (KiB; 0 is not measured) of one process."""

    seconds: float
    work: float
    memory: int


def process(url: str, corpus: Corpus, *arguments: str) -> Cost:
    """A whole `syncd` process, from its start to its exit."""
    variables = {**os.environ, **settings(url, corpus)}
    command = [sys.executable, "-m", "syncd", *arguments, "--repo", str(corpus.root)]
    start = time.perf_counter()
    started = subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    seconds = time.perf_counter() - start
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def settings(url: str, corpus: Corpus) -> dict[str, str]:
    """The variables that point `syncd` at a server."""
    return {
        "SYNCD_URL": url,
        "SYNCD_USERNAME": LOGIN[0],
        "SYNCD_PASSWORD": LOGIN[1],
        "SYNCD_CACHE_DIR": str(corpus.root.parent / "cache"),
    }


def inside(url: str, corpus: Corpus) -> Cost:
    """Opening, looking and deciding within this process, where everything is imported already."""
    options = Options(repo=corpus.root, dry_run=True)
    os.environ |= settings(url, corpus)
    start, work = time.perf_counter(), time.process_time()
    with opened(options, writes=False) as environment:
        world = environment.world(lambda _change, _total: None, lambda: False)
        request = environment.request(Direction.PUSH)
        decided = decide(world, gather(world), request)
    if decided.changes:
        raise SystemExit(f"nothing was to be done, but {len(decided.changes)} changes are planned")
    return Cost(time.perf_counter() - start, time.process_time() - work, 0)


def bare_look(client: httpx.Client, corpus: Corpus) -> None:
    """One export of all flows, and one listing of each namespace's files."""
    client.get("/flows/export/by-query")
    for namespace in corpus.namespaces:
        client.get(f"/namespaces/{namespace}/files/search", params={"q": ""})


def bare_push(client: httpx.Client, corpus: Corpus) -> None:
    """One zip of all flows, and one upload for each file, four at a time."""
    bare_look(client, corpus)
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as entries:
        for (namespace, name), text in corpus.flows.items():
            entries.writestr(f"{namespace}.{name}.yml", text)
    client.post("/flows/import", files={"fileUpload": ("flows.zip", archive.getvalue())}).raise_for_status()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda item: _upload(client, *item), corpus.files.items()))
    bare_look(client, corpus)


def _upload(client: httpx.Client, place: tuple[str, str], data: bytes) -> None:
    url = f"/namespaces/{place[0]}/files"
    client.post(url, params={"path": f"/{place[1]}"}, files={"fileContent": ("data", data)}).raise_for_status()


def bare_changes(client: httpx.Client, corpus: Corpus) -> None:
    """A look, a validation, ten updates of flows, and each read before and after."""
    bare_look(client, corpus)
    headers = {"Content-Type": "application/x-yaml"}
    for (namespace, name), text in list(corpus.flows.items())[:10]:
        place = f"/flows/{namespace}/{name}"
        client.get(place, params={"source": "true"})
        client.put(place, content=text + b"# edited by hand\n", headers=headers).raise_for_status()
        client.get(place, params={"source": "true"})


def bare_pull(client: httpx.Client, corpus: Corpus) -> None:
    """One export of all flows, one listing and one export of each namespace's files."""
    bare_look(client, corpus)
    for namespace in corpus.namespaces:
        client.get(f"/namespaces/{namespace}/files/export")


def timed(work: Callable[[httpx.Client, Corpus], None], url: str, corpus: Corpus) -> float:
    """Seconds of the bare calls, on connections that are open already."""
    with httpx.Client(base_url=f"{url}/api/v1/main", auth=LOGIN, timeout=600) as client:
        client.get("/flows/search", params={"size": 1})
        start = time.perf_counter()
        work(client, corpus)
        return time.perf_counter() - start


def machine() -> float:
    """How busy or slow this machine is: seconds of processor for a loop that adds."""
    start, total = time.process_time(), 0
    for number in range(10**7):
        total += number
    return time.process_time() - start


def row(what: str, costs: list[Cost], bare: list[float], goal: str) -> None:
    """Prints the best of several runs."""
    cost, floor = min(costs, key=lambda cost: cost.seconds), min(bare)
    memory = max(cost.memory for cost in costs) / MIB
    used = f"{memory:6.0f} MiB" if memory else ""
    ratio = cost.seconds / floor
    print(f"{what:<22}{cost.seconds:8.2f} s {floor:8.2f} s {ratio:7.2f}  {goal:<6}{cost.work:6.2f} s {used}")


def bench(flows: int, files: int, folder: Path) -> None:
    """All rows for one size."""
    corpus = build(folder / "repository", flows, files, NAMESPACES)
    size = sum(map(len, corpus.flows.values())) / MIB / MIB
    print(f"\n{flows} flows ({size:.1f} MiB), {files} files, {NAMESPACES} namespaces")
    print(f"this machine now adds ten million numbers in {machine():.2f} s of processor (0.25 s when idle)")
    print(f"{'':<22}{'syncd':>10} {'bare':>10} {'ratio':>7}  {'goal':<6}{'processor':>8} {'memory':>9}")
    checked = min((process("", corpus, "validate", "--offline") for _ in range(RUNS)), key=lambda cost: cost.seconds)
    goal = f"at most {3 * flows / 1000:g} s"
    used = f"{checked.work:9.2f} s {checked.memory / MIB:6.0f} MiB"
    print(f"{'validate --offline':<22}{checked.seconds:8.2f} s {goal:>27}{used}")
    with sandbox() as url:
        bare = timed(bare_push, url, corpus)
    with sandbox() as url:
        row("first push", [process(url, corpus, "push", "--stat")], [bare], "1.2")
        looks = [timed(bare_look, url, corpus) for _ in range(RUNS)]
        row("diff, nothing changed", [process(url, corpus, "diff", "--stat") for _ in range(RUNS)], looks, "1.5")
        row("  look and decide only", [inside(url, corpus) for _ in range(RUNS)], looks, "1.5")
        for namespace, name in list(corpus.flows)[:10]:
            path = corpus.root / f"flows/{namespace}/{name}.yml"
            path.write_bytes(path.read_bytes() + b"# edited\n")
        row("push, ten changed", [process(url, corpus, "push", "--stat")], [timed(bare_changes, url, corpus)], "1.5")
        process(url, corpus, "pull", "--stat")
        for folder_name in ("flows", "namespaces"):
            shutil.rmtree(corpus.root / folder_name)
        subprocess.run(["git", "update-ref", "-d", "refs/syncd/default"], cwd=corpus.root, check=True)
        shutil.rmtree(corpus.root.parent / "cache", ignore_errors=True)
        pulls = [timed(bare_pull, url, corpus)]
        row("pull of everything", [process(url, corpus, "pull", "--all-namespaces", "--stat")], pulls, "1.5")


def main() -> None:
    """Every size that is named; 1,000 and 10,000 flows where none is."""
    for size in [int(word) for word in sys.argv[1:]] or [1000, 10_000]:
        with tempfile.TemporaryDirectory() as folder:
            bench(size, 2 * size, Path(folder))


main()
