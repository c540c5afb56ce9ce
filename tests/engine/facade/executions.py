"""Routes that run flows and read what they did. The executor, the worker and the log store are the engine's own."""

from typing import Any

from .call import JSON, Answer, Call
from .engine import TENANT, Engine
from .errors import NOT_FOUND, Refusal
from .flows import find, json_answer
from .java import java, java_list, java_null

_WAIT_SECONDS = 60


def create_execution(engine: Engine, call: Call) -> Answer:
    """Runs a flow with the form's fields as inputs; always waits for its end, whatever `wait` says."""
    stored = find(engine, call.params["namespace"], call.params["id"])
    if stored is None:
        raise Refusal(NOT_FOUND)
    flow = stored.toFlow()
    execution = _with_inputs(engine, flow, java(_EXECUTION).newExecution(flow, java_list([])), call)
    patience = java("java.time.Duration").ofSeconds(_WAIT_SECONDS)
    return json_answer(engine, engine.bean("services.ExecutionService").runAndWait(execution, flow, patience))


def get_execution(engine: Engine, call: Call) -> Answer:
    """One execution with its task runs."""
    found = _repository(engine).findById(TENANT, call.params["id"])
    if not found.isPresent():
        raise Refusal(NOT_FOUND)
    return json_answer(engine, found.get())


def list_executions(engine: Engine, call: Call) -> Answer:
    """A page of the executions of one flow."""
    sort = java("io.micronaut.data.model.Sort").of(java("io.micronaut.data.model.Sort$Order").asc("start_date"))
    wanted = java("io.micronaut.data.model.Pageable").from_(call.number("page", 1), call.number("size", 10), sort)
    found = _repository(engine).findByFlowId(TENANT, call.first("namespace"), call.first("flowId"), wanted)
    return Answer(body=engine.page_json(list(found), int(found.getTotal())), content_type=JSON)


def get_logs(engine: Engine, call: Call) -> Answer:
    """What the tasks of one execution logged, oldest first."""
    store = engine.bean(f"repositories.{_LOG_STORES[engine.line]}")
    level = call.first("minLevel")
    floor = java("org.slf4j.event.Level").valueOf(level) if level else java_null("org.slf4j.event.Level")
    return json_answer(engine, store.findByExecutionId(TENANT, call.params["id"], floor))


_LOG_STORES = {1: "LogRepositoryInterface", 2: "LogDataStoreInterface"}
_EXECUTION = "io.kestra.core.models.executions.Execution"


def _repository(engine: Engine) -> Any:
    return engine.bean("repositories.ExecutionRepositoryInterface")


def _with_inputs(engine: Engine, flow: Any, execution: Any, call: Call) -> Any:
    if flow.getInputs() is None:
        return execution
    given = java("java.util.HashMap")()
    for part in call.parts:
        given.put(part.name, part.data.decode())
    inputs = engine.bean("runners.FlowInputOutput").readExecutionInputs(flow, execution, given)
    return execution.withInputs(inputs)
