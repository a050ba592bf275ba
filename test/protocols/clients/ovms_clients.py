"""ovmsclient, OpenVINO Model Server's, which speaks TensorFlow Serving's APIs by gRPC and by HTTP.

Its default version, 0, is OpenVINO's word for the newest one. TensorFlow Serving has no version 0, and neither has this
server: callers name one.
"""

import numpy as np
from checks import GRPC, HTTP, check, refused, run
from ovmsclient import InvalidInputError, ModelNotFoundError, make_grpc_client, make_http_client

CLIENTS = [make_grpc_client(GRPC), make_http_client(HTTP)]
TEMPERATURES = np.array([212, 98.6], np.float32)


@check("predict; gRPC and HTTP")
def predict():
    for client in CLIENTS:
        answer = client.predict({"fahrenheit": TEMPERATURES}, "celsius", 1)
        np.testing.assert_array_equal(answer, [100, 37])
        np.testing.assert_array_equal(client.predict({"fahrenheit": [212.0, 98.6]}, "celsius", 1), [100, 37])


@check("get_model_metadata, get_model_status; gRPC and HTTP")
def about():
    by_grpc, by_http = CLIENTS
    assert by_grpc.get_model_metadata("celsius", 1)["inputs"]["fahrenheit"]["dtype"] == "DT_FLOAT"
    assert by_http.get_model_metadata("celsius", 1)["model_spec"]["version"] == "1"
    for client in CLIENTS:
        assert client.get_model_status("celsius", 1)[1]["state"] == "AVAILABLE"


@check("what is refused; gRPC and HTTP")
def wrong():
    for client in CLIENTS:
        with refused(ModelNotFoundError, "nobody"):
            client.predict({"fahrenheit": TEMPERATURES}, "nobody", 1)
        with refused(InvalidInputError, "fahrenheit"):
            client.predict({"x": TEMPERATURES}, "celsius", 1)


@check("predict without a version, its default")
def newest():
    for client in CLIENTS:
        with refused(ModelNotFoundError, "version 0"):
            client.predict({"fahrenheit": TEMPERATURES}, "celsius")
    return "refused, as TensorFlow Serving does: it asks for a version 0; name one"


run()
