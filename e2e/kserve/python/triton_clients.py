"""Triton's clients, as they come. They cannot be in one process with KServe's:
both bring the messages of Open Inference."""

import numpy
import tritonclient.grpc
import tritonclient.http

import world
from world import FLOWER


def triton_input(module):
    flower = module.InferInput("x", [1, 4], "FP32")
    flower.set_data_from_numpy(numpy.array(FLOWER, "float32"))
    return [flower]


def triton_http_infer(world, model):
    with tritonclient.http.InferenceServerClient(world.addr) as client:
        return client.infer(model, triton_input(tritonclient.http), headers=world.headers()).as_numpy("output-0").tolist()


def triton_http_ready(world, model):
    with tritonclient.http.InferenceServerClient(world.addr) as client:
        return client.is_model_ready(model, headers=world.headers())


def triton_http_metadata(world, model):
    with tritonclient.http.InferenceServerClient(world.addr) as client:
        return client.get_model_metadata(model, headers=world.headers())["name"]


def triton_http_load(world, model):
    with tritonclient.http.InferenceServerClient(world.addr) as client:
        return client.load_model(model, headers=world.headers())


def triton_grpc(world):
    return tritonclient.grpc.InferenceServerClient(world.addr, channel_args=world.channel())


def triton_grpc_infer(world, model):
    with triton_grpc(world) as client:
        return client.infer(model, triton_input(tritonclient.grpc), headers=world.bearer).as_numpy("output-0").tolist()


def triton_grpc_ready(world, model):
    with triton_grpc(world) as client:
        return client.is_model_ready(model, headers=world.bearer)


def triton_grpc_metadata(world, model):
    with triton_grpc(world) as client:
        return client.get_model_metadata(model, headers=world.bearer).name


def triton_grpc_load(world, model):
    with triton_grpc(world) as client:
        return client.load_model(model, headers=world.bearer)


def says(error):
    if isinstance(error, tritonclient.utils.InferenceServerException):
        return f"{error.status()} {error.message().removeprefix('model gate: ')}"
    return str(error)


if __name__ == "__main__":
    world.main(globals(), says)
