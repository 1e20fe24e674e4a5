"""What the servers' own parsers make of a request, without a socket.

Each line of standard input is a JSON object: "app" and "raw", an HTTP/1.1
request in Latin-1. Each line of standard output says for one of them, in order,
the status, the endpoint and its path parameters, and the models that were
selected. Requests go through uvicorn's own HTTP parser, the application's whole
stack, and its own handlers; only the last step is cut off: every name is a
model's.
"""

import asyncio
import json
import logging
import os
import sys

import uvicorn
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
    """The outermost ASGI application: remembers what became of the last scope."""

    def __init__(self, app):
        self.app, self.scope, self.names = app, {}, []

    async def __call__(self, scope, receive, send):
        self.scope, self.names = scope, []
        iris.looked_up.set(self.names)
        try:
            await self.app(scope, receive, send)
        except Exception:  # re-raised by Starlette after its 500 has been sent
            pass


class Oracle:
    def __init__(self, app):
        self.watch = Watch(app)
        self.config = uvicorn.Config(self.watch, http="httptools", log_config=None, lifespan="off", proxy_headers=False)
        self.state = ServerState()

    async def ask(self, raw):
        transport = Transport()
        self.watch.scope, self.watch.names = {}, []
        protocol = HttpToolsProtocol(self.config, self.state, {})
        protocol.connection_made(transport)
        protocol.data_received(raw)
        protocol.eof_received()
        while self.state.tasks:
            await asyncio.gather(*self.state.tasks)
        protocol.connection_lost(None)
        scope = self.watch.scope
        endpoint = scope.get("endpoint")
        return {
            "status": int(transport.out[9:12] or b"0"),
            "endpoint": getattr(endpoint, "__qualname__", ""),
            "params": scope.get("path_params", {}),
            "models": list(dict.fromkeys(self.watch.names)),
        }


def kserve():
    from kserve import context as kserve_context, model_server
    from kserve.predictor_config import PredictorConfig
    from kserve.protocol.dataplane import DataPlane
    from kserve.protocol.model_repository_extension import ModelRepositoryExtension
    from kserve.protocol.rest.server import RESTServer

    model = iris.Iris("any", iris.classifier())
    repository = iris.Repository(every=model)
    dataplane = DataPlane(model_registry=repository)
    server = RESTServer("kserve.model_server:app", dataplane, ModelRepositoryExtension(repository), http_port=0)
    server.create_application()
    return model_server.app


async def main(answers):
    logging.disable(logging.CRITICAL)
    apps = {"kserve": Oracle(kserve())}
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
    asyncio.run(main(answers))
