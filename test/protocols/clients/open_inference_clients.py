"""open-inference-grpc and open-inference-openapi, which are generated from the protocol's own files."""

import asyncio

import grpc
from checks import GRPC, HTTP, check, refused, run
from open_inference.grpc.protocol import (
    ModelInferRequest,
    ModelMetadataRequest,
    ModelReadyRequest,
    ServerLiveRequest,
    ServerMetadataRequest,
    ServerReadyRequest,
)
from open_inference.grpc.service import GRPCInferenceServiceStub
from open_inference.openapi.client import AsyncOpenInferenceClient, InferenceRequest, OpenInferenceClient
from open_inference.openapi.core.api_error import ApiError
from open_inference.openapi.errors import BadRequestError

URL = f"http://{HTTP}"


def asked(model="celsius", name="fahrenheit"):
    given = ModelInferRequest.InferInputTensor(name=name, datatype="FP32", shape=[2])
    given.contents.fp32_contents.extend([212, 98.6])
    return ModelInferRequest(model_name=model, inputs=[given])


def asked_json(name="fahrenheit"):
    return InferenceRequest(inputs=[{"name": name, "shape": [2], "datatype": "FP32", "data": [212, 98.6]}])


@check("gRPC: ServerLive, ServerReady, ServerMetadata, ModelReady, ModelMetadata")
def about():
    with grpc.insecure_channel(GRPC) as channel:
        client = GRPCInferenceServiceStub(channel)
        assert client.ServerLive(ServerLiveRequest()).live and client.ServerReady(ServerReadyRequest()).ready
        assert client.ServerMetadata(ServerMetadataRequest()).name == "celsiusify"
        assert client.ModelReady(ModelReadyRequest(name="celsius")).ready
        assert client.ModelMetadata(ModelMetadataRequest(name="celsius")).inputs[0].name == "fahrenheit"


@check("gRPC: ModelInfer; what is refused")
def infer():
    with grpc.insecure_channel(GRPC) as channel:
        client = GRPCInferenceServiceStub(channel)
        answer = client.ModelInfer(asked())
        assert list(answer.outputs[0].contents.fp32_contents) == [100, 37], answer
        for wrong in (asked(model="nobody"), asked(name="x")):
            with refused(grpc.RpcError, "nobody" if wrong.model_name == "nobody" else "fahrenheit"):
                client.ModelInfer(wrong)


@check("OpenAPI: check_server_liveness, check_server_readiness, check_model_readiness, metadata")
def about_json():
    client = OpenInferenceClient(base_url=URL)
    client.check_server_liveness()
    client.check_server_readiness()
    client.check_model_readiness("celsius")
    assert client.read_server_metadata().name == "celsiusify"
    assert client.read_model_metadata("celsius").inputs[0].name == "fahrenheit"


@check("OpenAPI: model_infer, also asynchronously; what is refused")
def infer_json():
    client = OpenInferenceClient(base_url=URL)
    numbers = str(client.model_infer("celsius", request=asked_json()).outputs[0].data)
    assert "100" in numbers and "37" in numbers, numbers

    async def later():
        return await AsyncOpenInferenceClient(base_url=URL).model_infer("celsius", request=asked_json())

    assert "37" in str(asyncio.run(later()).outputs[0].data)
    with refused(ApiError, "404", "nobody"):
        client.model_infer("nobody", request=asked_json())
    with refused(BadRequestError, "fahrenheit"):
        client.model_infer("celsius", request=asked_json("x"))


run()
