"""tritonclient, by HTTP and by gRPC."""

import asyncio
import time

import numpy as np
import tritonclient.grpc as by_grpc
import tritonclient.grpc.aio as by_grpc_aio
import tritonclient.http as by_http
import tritonclient.http.aio as by_http_aio
from checks import GRPC, HTTP, check, refused, run
from tritonclient.utils import InferenceServerException

TEMPERATURES = np.array([212, 98.6], np.float32)
CELSIUS = np.array([100, 37], np.float32)


def clients():
    return [
        (by_http, by_http.InferenceServerClient(HTTP, concurrency=4)),
        (by_grpc, by_grpc.InferenceServerClient(GRPC)),
    ]


def input_of(module, name, array, datatype, **how):
    tensor = module.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, **how)
    return tensor


@check("is_server_live, is_server_ready, is_model_ready, metadata; HTTP and gRPC")
def health():
    for module, client in clients():
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("celsius") and client.is_model_ready("shift", "1")
        assert not client.is_model_ready("nobody")
        as_json = {"as_json": True} if module is by_grpc else {}
        server = client.get_server_metadata(**as_json)
        assert server["name"] == "celsiusify", server
        model = client.get_model_metadata("celsius", **as_json)
        assert model["inputs"][0]["name"] == "fahrenheit" and model["inputs"][0]["datatype"] == "FP32", model


@check("get_model_config, HTTP and gRPC")
def config():
    (_, http), (_, grpc) = clients()
    config = http.get_model_config("celsius")
    assert config["input"][0]["data_type"] == "TYPE_FP32" and config["max_batch_size"] == 0, config
    other = grpc.get_model_config("celsius", as_json=True)["config"]
    assert other["input"][0]["data_type"] == "TYPE_FP32", other


@check("infer, binary and JSON, in and out; HTTP")
def http():
    client = by_http.InferenceServerClient(HTTP)
    for binary_in in (True, False):
        for binary_out in (True, False):
            given = input_of(by_http, "fahrenheit", TEMPERATURES, "FP32", binary_data=binary_in)
            wanted = by_http.InferRequestedOutput("celsius", binary_data=binary_out)
            answer = client.infer("celsius", [given], outputs=[wanted], request_id="mine")
            np.testing.assert_array_equal(answer.as_numpy("celsius"), CELSIUS)
            assert answer.get_response()["id"] == "mine"


@check("infer, gzip and deflate; HTTP")
def compressed():
    client = by_http.InferenceServerClient(HTTP)
    given = input_of(by_http, "fahrenheit", np.full(4000, 212, np.float32), "FP32")
    for algorithm in ("gzip", "deflate"):
        answer = client.infer(
            "celsius", [given], request_compression_algorithm=algorithm, response_compression_algorithm=algorithm
        )
        assert (answer.as_numpy("celsius") == 100).all()


@check("infer, id, version, gzip; gRPC")
def grpc():
    client = by_grpc.InferenceServerClient(GRPC)
    given = input_of(by_grpc, "fahrenheit", TEMPERATURES, "FP32")
    wanted = [by_grpc.InferRequestedOutput("celsius")]
    for algorithm in (None, "gzip"):
        answer = client.infer(
            "celsius", [given], outputs=wanted, request_id="mine", model_version="1", compression_algorithm=algorithm
        )
        np.testing.assert_array_equal(answer.as_numpy("celsius"), CELSIUS)
        assert answer.get_response().id == "mine"


@check("infer, BYTES, BOOL, INT32, INT64, FP32; HTTP and gRPC")
def datatypes():
    text = np.array([b"a", "\u00df".encode()], np.object_)
    given = {
        "real": (np.float32([1.5, -2]), "FP32"),
        "int": (np.int32([1, -2]), "INT32"),
        "long": (np.int64([2**53 + 1, -2]), "INT64"),
        "flag": (np.array([True, False]), "BOOL"),
        "text": (text, "BYTES"),
    }
    for module, client in clients():
        inputs = [input_of(module, name, array, datatype) for name, (array, datatype) in given.items()]
        answer = client.infer("types", inputs)
        assert list(answer.as_numpy("doubled")) == [3, -4]
        assert list(answer.as_numpy("int_next")) == [2, -1]
        assert list(answer.as_numpy("long_next")) == [2**53 + 2, -1]
        assert list(answer.as_numpy("negated")) == [False, True]
        assert list(answer.as_numpy("text_bytes")) == list(text)
        assert answer.as_numpy("row").shape == (2, 2)


@check("async_infer, 100 at once; HTTP and gRPC")
def asynchronous():
    (_, http), (_, grpc) = clients()
    given = input_of(by_http, "fahrenheit", TEMPERATURES, "FP32")
    for call in [http.async_infer("celsius", [given]) for _ in range(100)]:
        np.testing.assert_array_equal(call.get_result().as_numpy("celsius"), CELSIUS)
    import threading

    results, whole = [], threading.Event()

    def done(result, error):
        results.append(error or result.as_numpy("celsius"))
        if len(results) == 100:
            whole.set()

    given = input_of(by_grpc, "fahrenheit", TEMPERATURES, "FP32")
    for _ in range(100):
        grpc.async_infer("celsius", [given], done)
    assert whole.wait(20)
    for result in results:
        np.testing.assert_array_equal(result, CELSIUS)


@check("aio: infer, 50 at once; HTTP and gRPC")
def aio():
    async def all_of(module, client):
        given = input_of(module, "fahrenheit", TEMPERATURES, "FP32")
        answers = await asyncio.gather(*[client.infer("celsius", [given]) for _ in range(50)])
        await client.close()
        for answer in answers:
            np.testing.assert_array_equal(answer.as_numpy("celsius"), CELSIUS)

    async def both():
        await all_of(by_http_aio, by_http_aio.InferenceServerClient(HTTP))
        await all_of(by_grpc_aio, by_grpc_aio.InferenceServerClient(GRPC))

    asyncio.run(both())


@check("what is refused; HTTP and gRPC")
def errors():
    for module, client in clients():
        given = input_of(module, "fahrenheit", TEMPERATURES, "FP32")
        with refused(InferenceServerException, "nobody"):
            client.infer("nobody", [given])
        with refused(InferenceServerException, "fahrenheit"):
            client.infer("celsius", [input_of(module, "x", TEMPERATURES, "FP32")])
        with refused(InferenceServerException, "DT_INT64"):
            client.infer("celsius", [input_of(module, "fahrenheit", np.array([1]), "INT64")])


@check("shared memory is refused; HTTP and gRPC")
def shared_memory():
    for module, client in clients():
        with refused(InferenceServerException, "shared memory is not served"):
            client.register_system_shared_memory("region", "/region", 8)
        with refused(InferenceServerException, "shared memory is not served"):
            client.register_cuda_shared_memory("region", b"", 0, 8)
        given = module.InferInput("fahrenheit", [2], "FP32")
        given.set_shared_memory("region", 8)
        with refused(InferenceServerException, "shared memory is not served"):
            client.infer("celsius", [given])


@check("get_model_repository_index; HTTP and gRPC")
def repository():
    (_, http), (_, grpc) = clients()
    for index in (http.get_model_repository_index(), grpc.get_model_repository_index(as_json=True)["models"]):
        ready = {(model["name"], model["version"]) for model in index if model["state"] == "READY"}
        assert {("celsius", "1"), ("shift", "1"), ("shift", "2")} <= ready, index


@check("load_model, unload_model; HTTP and gRPC")
def control():
    for _, client in clients():
        client.unload_model("double")
        until(lambda client=client: not client.is_model_ready("double"))
        client.load_model("double")
        assert client.is_model_ready("double")
        with refused(InferenceServerException, "nobody"):
            client.load_model("nobody")


def until(is_so):
    for _ in range(200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("not within ten seconds")


@check("get_inference_statistics; HTTP and gRPC")
def statistics():
    for _, client in clients():
        with refused(InferenceServerException, "not served"):
            client.get_inference_statistics("celsius")
    return "refused with words; /metrics has them"


run()
