"""Routes of triggers: their state, and backfills over a span of time, on which the engine's own scheduler acts."""

import json
from typing import Any

from .call import JSON, Answer, Call
from .engine import TENANT, Engine
from .errors import BAD_REQUEST, NOT_FOUND, Refusal
from .filters import page
from .flows import find, json_answer
from .java import java, java_null, optional

_TRIGGERS = "io.kestra.core.models.triggers."
_BACKFILL_EVENT = "io.kestra.core.scheduler.events.CreateBackfillTrigger"


def list_triggers(engine: Engine, call: Call) -> Answer:
    """A page of the states of the triggers of one flow."""
    wanted = page(engine, call, "searchTriggersForFlow")
    absent = java_null("java.lang.String")
    namespace, flow = call.params["namespace"], call.params["flow"]
    found = _repository(engine).find(wanted, absent, TENANT, namespace, flow, absent)
    return Answer(body=engine.page_json(list(found), int(found.getTotal())), content_type=JSON)


def update_trigger(engine: Engine, call: Call) -> Answer:
    """1.3: a trigger with a `backfill` of `start` and `end` gets one execution for each date in between."""
    body = json.loads(call.body)
    if "backfill" not in body:
        raise Refusal(BAD_REQUEST, "Only a backfill can be set here.")
    wanted = engine.read_json(json.dumps({**body, "tenantId": TENANT}), _TRIGGERS + "Trigger")
    current = _repository(engine).findLast(wanted)
    if not current.isPresent():
        raise Refusal(NOT_FOUND)
    updated = _with_next_date(engine, current.get().withBackfill(wanted.getBackfill()))
    return json_answer(engine, _repository(engine).update(updated))


def create_backfill(engine: Engine, call: Call) -> Answer:
    """2.0: hands the backfill to the scheduler and answers with the trigger as it was before."""
    body = json.loads(call.body)
    trigger = java(_TRIGGERS + "TriggerId").of(TENANT, body["namespace"], body["flowId"], body["triggerId"])
    state = _repository(engine).findById(trigger)
    if not state.isPresent():
        raise Refusal(NOT_FOUND)
    backfill = engine.read_json(json.dumps(body["backfill"]), _BACKFILL_EVENT + "$Backfill")
    engine.bean("scheduler.queue.TriggerEventQueue").send(java(_BACKFILL_EVENT)(trigger, backfill))
    return json_answer(engine, state.get())


def _repository(engine: Engine) -> Any:
    return engine.bean("repositories.TriggerRepositoryInterface")


def _with_next_date(engine: Engine, trigger: Any) -> Any:
    """The trigger with the first date of its backfill, which the 1.3 scheduler takes as the next to run."""
    flow = find(engine, str(trigger.getNamespace()), str(trigger.getFlowId())).toFlow()
    definition = next(item for item in flow.getTriggers() if item.getId() == trigger.getTriggerId())
    context = engine.bean("runners.RunContextFactory").of(flow, definition)
    conditions = engine.bean("services.ConditionService").conditionContext(context, flow, None)
    following = definition.nextEvaluationDate(conditions, optional(trigger))
    return trigger.toBuilder().nextExecutionDate(following).build()
