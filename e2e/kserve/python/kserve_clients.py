"""KServe's own clients, as they come."""

import grpc
import httpx
import numpy
from kserve import InferInput, InferRequest, InferenceGRPCClient, InferenceRESTClient, RESTConfig

import world
from world import FLOWER


def rest(protocol):
    return InferenceRESTClient(RESTConfig(protocol=protocol, retries=0))


def infer_request(model):
    flower = InferInput("x", [1, 4], "FP32")
    flower.set_data_from_numpy(numpy.array(FLOWER, "float32"), binary_data=False)
    return InferRequest(model_name=model, infer_inputs=[flower])


async def kserve_v1_predict(world, model):
    async with rest("v1") as client:
        answer = await client.infer("http://" + world.addr, {"instances": FLOWER}, model, headers=world.headers())
        return answer["predictions"]


async def kserve_v1_explain(world, model):
    async with rest("v1") as client:
        answer = await client.explain("http://" + world.addr, model, {"instances": FLOWER}, headers=world.headers())
        return len(answer["explanations"][0])


async def kserve_v1_ready(world, model):
    async with rest("v1") as client:
        return await client.is_model_ready("http://" + world.addr, model, headers=world.headers())


async def kserve_v2_infer(world, model):
    async with rest("v2") as client:
        answer = await client.infer("http://" + world.addr, infer_request(model), model, headers=world.headers())
        return answer.outputs[0].data


async def kserve_v2_ready(world, model):
    async with rest("v2") as client:
        return await client.is_model_ready("http://" + world.addr, model, headers=world.headers())


async def kserve_v2_server_ready(world, _):
    async with rest("v2") as client:
        return await client.is_server_ready("http://" + world.addr, headers=world.headers())


async def kserve_grpc_infer(world, model):
    async with InferenceGRPCClient(world.addr, channel_args=world.channel(), retries=0) as client:
        answer = await client.infer(infer_request(model), headers=tuple(world.bearer.items()))
        return answer.outputs[0].data


async def kserve_grpc_ready(world, model):
    async with InferenceGRPCClient(world.addr, channel_args=world.channel(), retries=0) as client:
        return await client.is_model_ready(model, headers=tuple(world.bearer.items()))


def says(error):
    match error:
        case httpx.HTTPStatusError():
            return f"{error.response.status_code} {error.response.json().get('reason')}"
        case grpc.RpcError():
            return f"{error.code().name} {error.details()}"
    return str(error)


if __name__ == "__main__":
    world.main(globals(), says)
