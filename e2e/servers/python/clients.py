"""Triton's own clients, as they come, for Triton and for MLServer. Standard input is one JSON
object: where the gate is, the host of the server, a token, and "calls". Each line of standard
output is what one of them came to: the answer, or what the client's own error says."""

import json
import queue
import sys

import numpy
import tritonclient.grpc
import tritonclient.http


class World:
    def __init__(self, addr, host, token):
        self.addr = addr
        self.bearer = {"authorization": "Bearer " + token}
        self.headers = {**self.bearer, "host": host}
        self.channel = [("grpc.default_authority", host), ("grpc.enable_retries", 0)]

    def http(self):
        return tritonclient.http.InferenceServerClient(self.addr)

    def grpc(self):
        return tritonclient.grpc.InferenceServerClient(self.addr, channel_args=self.channel)


def data(module):
    tensor = module.InferInput("IN", [1], "FP32")
    tensor.set_data_from_numpy(numpy.array([1], "float32"))
    return [tensor]


def ran(result):
    text = result.as_numpy("RAN").ravel()[0]
    return text if isinstance(text, str) else text.decode()


def http_infer(world, model, version):
    with world.http() as client:
        return ran(client.infer(model, data(tritonclient.http), model_version=version, headers=world.headers))


def http_binary(world, model, version):
    with world.http() as client:
        outputs = [tritonclient.http.InferRequestedOutput("RAN", binary_data=True)]
        return ran(client.infer(model, data(tritonclient.http), model_version=version, outputs=outputs, headers=world.headers))


def http_json(world, model, version):
    with world.http() as client:
        tensor = tritonclient.http.InferInput("IN", [1], "FP32")
        tensor.set_data_from_numpy(numpy.array([1], "float32"), binary_data=False)
        outputs = [tritonclient.http.InferRequestedOutput("RAN", binary_data=False)]
        return ran(client.infer(model, [tensor], model_version=version, outputs=outputs, headers=world.headers))


def http_compressed(world, model, version):
    with world.http() as client:
        return ran(client.infer(model, data(tritonclient.http), model_version=version, headers=world.headers,
                                request_compression_algorithm="gzip"))


def http_ready(world, model, version):
    with world.http() as client:
        return client.is_model_ready(model, version, headers=world.headers)


def http_metadata(world, model, version):
    with world.http() as client:
        return client.get_model_metadata(model, version, headers=world.headers)["name"]


def http_config(world, model, version):
    with world.http() as client:
        return client.get_model_config(model, version, headers=world.headers)["name"]


def http_index(world, model, version):
    with world.http() as client:
        return sorted({m["name"] for m in client.get_model_repository_index(headers=world.headers)})


def http_load(world, model, version):
    with world.http() as client:
        return client.load_model(model, headers=world.headers)


def grpc_infer(world, model, version):
    with world.grpc() as client:
        return ran(client.infer(model, data(tritonclient.grpc), model_version=version, headers=world.bearer))


def grpc_stream(world, model, version):
    """Two requests in a stream, of which the second is for the model."""
    answers = queue.Queue()
    with world.grpc() as client:
        client.start_stream(callback=lambda result, error: answers.put((result, error)), headers=world.bearer)
        for name in "alpha", model:
            client.async_stream_infer(name, data(tritonclient.grpc), model_version=version)
        both = [answers.get(timeout=60)]
        if both[0][1] is None:
            both.append(answers.get(timeout=60))
    for _, error in both:
        if error is not None:
            raise error
    return " ".join(ran(result) for result, _ in both)


def grpc_ready(world, model, version):
    with world.grpc() as client:
        return client.is_model_ready(model, version, headers=world.bearer)


def grpc_metadata(world, model, version):
    with world.grpc() as client:
        return client.get_model_metadata(model, version, headers=world.bearer).name


def grpc_config(world, model, version):
    with world.grpc() as client:
        return client.get_model_config(model, version, headers=world.bearer).config.name


def grpc_index(world, model, version):
    with world.grpc() as client:
        return sorted({m.name for m in client.get_model_repository_index(headers=world.bearer).models})


def grpc_load(world, model, version):
    with world.grpc() as client:
        return client.load_model(model, headers=world.bearer)


def main():
    question = json.load(sys.stdin)
    for call in question.pop("calls"):
        try:
            answer = globals()[call["call"]](World(**question), call["model"], call["version"])
            got = "answer " + json.dumps(answer)
        except tritonclient.utils.InferenceServerException as error:
            got = f"{error.status()} {error.message()}"
        print(json.dumps({"got": got}), flush=True)


main()
