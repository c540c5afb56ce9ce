"""The engine's background services: what executes flows and evaluates triggers. They differ between the two lines."""

import time
import uuid
from typing import Any

from .engine import Engine
from .java import java, java_null, java_runnable

WORKER_THREADS = 2
_START_SECONDS = 60.0


def start_services(engine: Engine) -> None:
    """Starts executor, worker, scheduler and indexer and returns when all are running.

    Raises:
        TimeoutError: one of them was not running after a minute.
    """
    pool = java("java.util.concurrent.Executors").newCachedThreadPool()
    services = _services_1(engine, pool) if engine.line == 1 else _services_2(engine, pool)
    indexer = engine.bean("runners.Indexer")
    pool.execute(indexer)
    _wait_until_running([*services, indexer])


def _services_1(engine: Engine, pool: Any) -> list[Any]:
    threads = java("java.lang.Integer")(WORKER_THREADS)
    worker_class = java("io.kestra.worker.DefaultWorker")
    worker = engine.context.createBean(worker_class, str(uuid.uuid4()), threads, java_null("java.lang.String"))
    services = [engine.bean("runners.ExecutorInterface"), worker, engine.bean("runners.Scheduler")]
    for service in services:
        pool.execute(service)
    return services


def _services_2(engine: Engine, pool: Any) -> list[Any]:
    executor, scheduler = engine.bean("runners.Executor"), engine.bean("runners.Scheduler")
    controller, worker = engine.bean("worker.Controller"), engine.bean("runners.Worker")
    pool.execute(executor)
    pool.execute(java_runnable(controller.start))
    pool.execute(java_runnable(lambda: worker.start(WORKER_THREADS)))
    pool.execute(java_runnable(lambda: scheduler.start(WORKER_THREADS)))
    return [executor, controller, worker, scheduler]


def _wait_until_running(services: list[Any]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not all(_is_running(service) for service in services):
        if time.monotonic() > deadline:
            states = {str(service.getClass().getSimpleName()): str(service.getState()) for service in services}
            raise TimeoutError(f"The engine's services were not running after {_START_SECONDS:.0f} s: {states}")
        time.sleep(0.02)


def _is_running(service: Any) -> bool:
    state = service.getState()
    return state is not None and bool(state.isRunning())
