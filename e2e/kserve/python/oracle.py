"""What the servers' own parsers make of a request, without a socket.

Its arguments are applications: kserve, litellm. Each line of standard input is a JSON object: "app" and "raw", an HTTP/1.1
request in Latin-1. Each line of standard output says for one of them, in order,
the status, the endpoint and the texts it was called with, and the models that
were selected. Requests go through uvicorn's own HTTP parser, the application's whole
stack, and its own handlers; only the last step is cut off: every name is a
model's.
"""

import asyncio
import contextvars
import functools
import inspect
import json
import logging
import os
import re
import sys

import uvicorn
from uvicorn.lifespan.on import LifespanOn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

import iris


class Transport(asyncio.Transport):
    """A connection to nowhere."""

    def __init__(self):
        super().__init__()
        self.out, self.closed = bytearray(), False

    def write(self, data):
        self.out += data

    def close(self):
        self.closed = True

    def is_closing(self):
        return self.closed

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


class Watch:
    """The outermost ASGI application: remembers what became of the last request:
    the endpoint, what it was called with, and the models it asked for."""

    def __init__(self, app):
        self.app = app
        self.forget()

    def forget(self):
        self.endpoint, self.given, self.names, self.scope = "", {}, [], {}

    async def __call__(self, scope, receive, send):
        self.scope = scope
        iris.looked_up.set(self.names)
        watching.set(self)
        try:
            await self.app(scope, receive, send)
        except Exception:  # Starlette raises it again after its 500 has been sent
            pass
            pass


# The Watch of the request under way.
watching = contextvars.ContextVar("watching")


def watched(endpoint):
    """An endpoint that first says what it was called with."""

    @functools.wraps(endpoint)
    async def call(*args, **kwargs):
        watch = watching.get()
        watch.endpoint = endpoint.__qualname__
        watch.given = {name: value for name, value in kwargs.items() if isinstance(value, str)}
        return await endpoint(*args, **kwargs)

    return call


class Oracle:
    def __init__(self, app):
        self.watch = Watch(app)
        self.config = uvicorn.Config(self.watch, http="httptools", log_config=None, lifespan="off", proxy_headers=False)
        self.state = ServerState()

    async def ask(self, raw):
        transport = Transport()
        self.watch.forget()
        protocol = HttpToolsProtocol(self.config, self.state, {})
        protocol.connection_made(transport)
        protocol.data_received(raw)
        protocol.eof_received()
        while self.state.tasks:
            await asyncio.gather(*self.state.tasks)
        protocol.connection_lost(None)
        scope = self.watch.scope
        endpoint = scope.get("endpoint")
        if hasattr(endpoint, "__wrapped__"):  # found, and not called: FastAPI refused what it was to be called with
            endpoint = None
        answered = [name.decode() for name in re.findall(rb"I am (\w+)\.", transport.out)]
        return {
            "status": int(transport.out[9:12] or b"0"),
            "endpoint": self.watch.endpoint or getattr(endpoint, "__name__", ""),
            "given": self.watch.given or scope.get("path_params", {}),
            "models": list(dict.fromkeys(self.watch.names + answered)),
        }


async def kserve():
    from kserve import context as kserve_context, model_server
    from kserve.predictor_config import PredictorConfig
    from kserve.protocol.dataplane import DataPlane
    from kserve.protocol.model_repository_extension import ModelRepositoryExtension
    from kserve.protocol.rest import v1_endpoints, v2_endpoints
    from kserve.protocol.rest.server import RESTServer

    for endpoints in v1_endpoints.V1Endpoints, v2_endpoints.V2Endpoints:
        for name, method in list(vars(endpoints).items()):
            if inspect.iscoroutinefunction(method):
                setattr(endpoints, name, watched(method))
    model = iris.Iris("any", iris.classifier())
    repository = iris.Repository(every=model)
    dataplane = DataPlane(model_registry=repository)
    server = RESTServer("kserve.model_server:app", dataplane, ModelRepositoryExtension(repository), http_port=0)
    server.create_application()
    return model_server.app


async def litellm_proxy():
    """The proxy, which says before each call whom it will ask, and whose answers
    say who was asked."""
    os.environ["CONFIG_FILE_PATH"] = os.path.abspath("litellm.yaml")
    import litellm
    from litellm.proxy.proxy_server import app

    async def hook(self, user_api_key_dict, cache, data, call_type):
        watch = watching.get()
        watch.endpoint = call_type
        model = data.get("model")
        if model is not None:
            watch.names.append(model if isinstance(model, str) else json.dumps(model))
        return data

    lifespan = LifespanOn(uvicorn.Config(app, log_config=None))
    await lifespan.startup()
    handlers = [c for c in litellm.callbacks if type(c).__name__ == "Seen"]
    if lifespan.should_exit or len(handlers) != 1:
        sys.exit(f"LiteLLM does not start, or without its hook: {handlers}")
    type(handlers[0]).async_pre_call_hook = hook
    return app


async def main(answers, names):
    logging.disable(logging.CRITICAL)
    apps = {name: Oracle(await {"kserve": kserve, "litellm": litellm_proxy}[name]()) for name in names}
    answers.write(json.dumps({"ready": list(apps)}) + "\n")
    answers.flush()
    for line in sys.stdin:
        question = json.loads(line)
        answer = await apps[question["app"]].ask(question["raw"].encode("latin-1"))
        answers.write(json.dumps(answer) + "\n")
        if not question.get("more"):
            answers.flush()


if __name__ == "__main__":
    # What the servers print must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    asyncio.run(main(answers, sys.argv[1:]))
