"""The route that checks flows without writing them: one YAML body cut at `---` lines, or one form part a flow."""

import re

from .call import Answer, Call
from .engine import TENANT, Engine
from .errors import INTERNAL, Refusal
from .flows import json_answer
from .java import java, java_list, java_null

_FORM_FIELDS = 128
_DOCUMENT_START = re.compile(r"\r?\n---(?=\s|$)")


def validate_flows(engine: Engine, call: Call) -> Answer:
    """One verdict a flow, in the order sent; always 200."""
    if len(call.parts) > _FORM_FIELDS:
        raise Refusal(INTERNAL, f"Number of form fields exceeds configured limit of [{_FORM_FIELDS}]")
    source = java("io.kestra.core.models.flows.FlowSource")
    if call.parts:
        sources = [source(part.filename, part.data.decode("utf-8", "replace")) for part in call.parts]
    else:
        unnamed = java_null("java.lang.String")
        sources = [source(unnamed, text) for text in _DOCUMENT_START.split(call.text.strip())]
    return json_answer(engine, engine.flow_service.validate(TENANT, java_list(sources)))
