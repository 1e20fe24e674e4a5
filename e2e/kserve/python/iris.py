"""The iris sample on KServe's model server, with a record of what arrives."""

import contextvars
import json
import sys
import threading

from kserve import InferResponse, Model, ModelRepository, model_server
from kserve.protocol.grpc.servicer import InferenceServicer
from kserve.utils.utils import get_predict_response
from sklearn import datasets, linear_model

# Of the request under way: the names of the models that were asked for.
looked_up = contextvars.ContextVar("looked_up")


class Iris(Model):
    """Says which iris a flower is, under any name."""

    def __init__(self, name, classifier):
        super().__init__(name)
        self.classifier = classifier
        self.ready = True

    def predict(self, payload, headers=None, response_headers=None):
        if isinstance(payload, dict):
            return {"predictions": self.classifier.predict(payload["instances"]).tolist()}
        flowers = payload.inputs[0].as_numpy()
        result = self.classifier.predict(flowers.reshape(-1, 4))
        return get_predict_response(payload, result, self.name)

    def explain(self, payload, headers=None):
        return {"explanations": self.classifier.decision_function(payload["instances"]).tolist()}


class Repository(ModelRepository):
    """Notes each name that the server looks up. With every, each is a model."""

    def __init__(self, every=None):
        super().__init__()
        self.every = every

    def get_model(self, name):
        looked_up.get([]).append(name)
        return self.every or super().get_model(name)

    def load(self, name):
        looked_up.get([]).append(name)
        return self.every is not None

    def unload(self, name):
        looked_up.get([]).append(name)
        if not self.every:
            super().unload(name)


def classifier():
    iris = datasets.load_iris()
    return linear_model.LogisticRegression(max_iter=1000).fit(iris.data, iris.target)


class Log:
    """One line of JSON for each thing that arrived, at once."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()

    def write(self, **line):
        with self.lock:
            self.file.write(json.dumps(line) + "\n")


class Recorder:
    """ASGI middleware: writes down each request that arrived whole, and tells
    the client which models were looked up for it."""

    def __init__(self, app, log):
        self.app, self.log = app, log

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        names, size, call = [], 0, scope["method"] + " " + scope["raw_path"].decode("latin-1")
        looked_up.set(names)
        if scope["method"] in ("GET", "HEAD"):  # whole without a body, which nobody reads
            self.log.write(via="http", call=call, bytes=0)

        async def received():
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                self.log.write(via="http", call=call, bytes=size)
            return message

        async def sent(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-models", json.dumps(names).encode())]
            await send(message)

        try:
            await self.app(scope, received, sent)
        finally:
            for name in dict.fromkeys(names):
                self.log.write(via="http", model=name)


def record_grpc(log):
    """Has the server write down each whole message before it acts on it."""
    for name in [n for n in vars(InferenceServicer) if n[0].isupper()]:

        def wrap(method, name=name):
            async def call(self, request, context):
                model = getattr(request, "model_name", getattr(request, "name", ""))
                log.write(via="grpc", call=name, model=model, bytes=request.ByteSize())
                return await method(self, request, context)

            return call

        setattr(InferenceServicer, name, wrap(getattr(InferenceServicer, name)))


def main(path, *names):
    """Serves the sample under each name; ports as KServe takes them."""
    log = Log(path)
    record_grpc(log)
    model_server.app.add_middleware(Recorder, log=log)
    trained = classifier()
    server = model_server.ModelServer(registered_models=Repository(), enable_latency_logging=False)
    server.start([Iris(name, trained) for name in names])


if __name__ == "__main__":
    main(*[a for a in sys.argv[1:] if not a.startswith("--")])
