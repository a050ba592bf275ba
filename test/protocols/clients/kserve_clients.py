"""kserve's InferenceRESTClient and InferenceGRPCClient."""

import asyncio

import numpy as np
from checks import GRPC, HTTP, check, refused, run
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferOutput, InferRequest, RESTConfig
from kserve.protocol.infer_type import RequestedOutput

URL = f"http://{HTTP}"
TEMPERATURES = np.array([212, 98.6], np.float32)


def request(binary, model="celsius", name="fahrenheit", datatype="FP32"):
    given = InferInput(name=name, shape=[2], datatype=datatype)
    given.set_data_from_numpy(TEMPERATURES, binary_data=binary)
    return InferRequest(model_name=model, infer_inputs=[given], request_id="mine")


def rest(protocol="v2"):
    return InferenceRESTClient(RESTConfig(protocol=protocol, retries=0, timeout=20))


def grpc():
    return InferenceGRPCClient(GRPC, retries=0, timeout=20)


def right(answer):
    np.testing.assert_array_equal(answer.outputs[0].as_numpy(), np.float32([100, 37]))
    assert answer.model_name == "celsius" and answer.id == "mine", answer


@check("InferenceRESTClient: is_server_live, is_server_ready, is_model_ready")
def rest_health():
    async def ask():
        client = rest()
        assert await client.is_server_live(URL) and await client.is_server_ready(URL)
        assert await client.is_model_ready(URL, "celsius")
        assert not await client.is_model_ready(URL, "nobody")
        await client.close()

    asyncio.run(ask())


@check("InferenceRESTClient: infer by V2, JSON and binary, in and out")
def rest_infer():
    async def ask():
        client = rest()
        for binary in (False, True):
            asked = request(binary)
            asked.request_outputs = [RequestedOutput("celsius", parameters={"binary_data": binary})]
            right(await client.infer(URL, asked, model_name=asked.model_name))
        await client.close()

    asyncio.run(ask())


@check("InferenceRESTClient: infer by V1")
def rest_v1():
    async def ask():
        client = rest("v1")
        answer = await client.infer(URL, {"instances": [212, 98.6]}, model_name="celsius")
        assert answer == {"predictions": [100, 37]}, answer
        await client.close()

    asyncio.run(ask())


@check("InferenceGRPCClient: is_server_live, is_server_ready, is_model_ready")
def grpc_health():
    async def ask():
        client = grpc()
        assert await client.is_server_live() and await client.is_server_ready()
        assert await client.is_model_ready("celsius")
        assert not await client.is_model_ready("nobody")
        await client.close()

    asyncio.run(ask())


@check("InferenceGRPCClient: infer, typed and raw contents")
def grpc_infer():
    async def ask():
        client = grpc()
        for binary in (False, True):
            right(await client.infer(request(binary)))
        await client.close()

    asyncio.run(ask())


@check("what is refused, by both")
def wrong():
    async def ask():
        clients = [lambda asked, it=rest(): it.infer(URL, asked, model_name=asked.model_name), lambda asked, it=grpc(): it.infer(asked)]
        for infer in clients:
            with refused(Exception, "nobody"):
                await infer(request(False, model="nobody"))
            with refused(Exception, "fahrenheit"):
                await infer(request(True, name="x"))

    asyncio.run(ask())


run()
