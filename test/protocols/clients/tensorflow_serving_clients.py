"""tensorflow-serving-api with grpcio, as TensorFlow Serving's own examples use them."""

import os

import grpc
import numpy as np
import tensorflow as tf
from checks import GRPC, check, run
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)
from tensorflow_serving.config import model_server_config_pb2

CHANNEL = grpc.insecure_channel(GRPC)
PREDICTION = prediction_service_pb2_grpc.PredictionServiceStub(CHANNEL)
MODELS = model_service_pb2_grpc.ModelServiceStub(CHANNEL)


def predict_request(name, signature, **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    for key, (value, dtype) in inputs.items():
        request.inputs[key].CopyFrom(tf.make_tensor_proto(value, dtype))
    return request


def example(x):
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=[x]))
    return tf.train.Example(features=tf.train.Features(feature={"x": feature}))


def code_of(call, request):
    try:
        call(request, timeout=10)
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


@check("Predict")
def predict():
    request = predict_request("celsius", "", fahrenheit=([212, 98.6], tf.float32))
    answer = PREDICTION.Predict(request, timeout=10)
    np.testing.assert_array_equal(tf.make_ndarray(answer.outputs["celsius"]), np.float32([100, 37]))
    assert answer.model_spec.name == "celsius" and answer.model_spec.version.value == 1


@check("Predict, every dtype")
def dtypes():
    names = "bool half bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 complex64 complex128".split()
    for name in names:
        dtype = tf.as_dtype(name)
        value = np.array([0, 1, 1], dtype.as_numpy_dtype)
        answer = PREDICTION.Predict(predict_request("dtypes", f"id_{dtype.name}", x=(value, dtype)), timeout=10)
        back = tf.make_ndarray(answer.outputs["y"])
        assert back.dtype == value.dtype and (back == value).all(), f"{name}: {back}"
    answer = PREDICTION.Predict(predict_request("dtypes", "id_string", x=([b"a", b"\xff"], tf.string)), timeout=10)
    assert list(tf.make_ndarray(answer.outputs["y"])) == [b"a", b"\xff"]
    return f"{len(names) + 1} dtypes came back as they were"


@check("Predict, output_filter")
def output_filter():
    inputs = {"a": ([1], tf.int64), "b": ([[2.0, 3.0]], tf.float32)}
    request = predict_request("module", "", **inputs)
    every = PREDICTION.Predict(request, timeout=10)
    request.output_filter.append("mid")
    answer = PREDICTION.Predict(request, timeout=10)
    assert sorted(every.outputs) == ["alpha", "mid", "zeta"] and list(answer.outputs) == ["mid"]


@check("Predict, version and label")
def versions():
    request = predict_request("shift", "", x=([1.0], tf.float32))
    ys = []
    for version in (1, 2):
        request.model_spec.version.value = version
        ys.append(float(tf.make_ndarray(PREDICTION.Predict(request, timeout=10).outputs["y"])[0]))
    request.model_spec.version_label = "stable"
    ys.append(float(tf.make_ndarray(PREDICTION.Predict(request, timeout=10).outputs["y"])[0]))
    assert ys == [2, 3, 2], ys


@check("Predict, gzip and metadata")
def gzip():
    request = predict_request("celsius", "", fahrenheit=(np.full(5000, 212), tf.float32))
    metadata = (("x-request-id", "mine"),)
    call = PREDICTION.Predict.with_call(request, timeout=10, compression=grpc.Compression.Gzip, metadata=metadata)
    assert (tf.make_ndarray(call[0].outputs["celsius"]) == 100).all()


@check("Predict, asynchronously, 200 at once")
def futures():
    request = predict_request("celsius", "", fahrenheit=([212], tf.float32))
    calls = [PREDICTION.Predict.future(request, timeout=20) for _ in range(200)]
    assert all(tf.make_ndarray(call.result().outputs["celsius"])[0] == 100 for call in calls)


@check("Predict, deadline and cancellation")
def late():
    request = predict_request("slow", "", n=([20_000_000], tf.int32), x=([1.0], tf.float32))
    try:
        PREDICTION.Predict(request, timeout=0.1)
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED, error
    else:
        raise AssertionError("in time")
    call = PREDICTION.Predict.future(predict_request("celsius", "", fahrenheit=([1], tf.float32)))
    assert call.cancel() and call.cancelled()


@check("Predict, what is refused")
def wrong():
    no_model = predict_request("nobody", "", x=([1], tf.float32))
    no_signature = predict_request("celsius", "nothing", fahrenheit=([1], tf.float32))
    no_input = predict_request("celsius", "", x=([1], tf.float32))
    wrong_dtype = predict_request("celsius", "", fahrenheit=([1], tf.int64))
    codes = [code_of(PREDICTION.Predict, request) for request in (no_model, no_signature, no_input, wrong_dtype)]
    assert codes == ["NOT_FOUND", "FAILED_PRECONDITION", "INVALID_ARGUMENT", "INVALID_ARGUMENT"], codes


@check("Classify")
def classify():
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name = "examples"
    request.model_spec.signature_name = "classify"
    request.input.example_list.examples.extend([example(3), example(5)])
    answer = PREDICTION.Classify(request, timeout=10)
    assert len(answer.result.classifications) == 2
    assert [c.label for c in answer.result.classifications[0].classes] == ["x", "n", "vec"], answer


@check("Regress")
def regress():
    request = regression_pb2.RegressionRequest()
    request.model_spec.name = "examples"
    request.model_spec.signature_name = "regress"
    request.input.example_list.examples.extend([example(3), example(5)])
    answer = PREDICTION.Regress(request, timeout=10)
    assert [r.value for r in answer.result.regressions] == [13, 15]  # x + n + sum(vec) = x + 7 + 3


@check("MultiInference")
def multi_inference():
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.extend([example(3)])
    for signature, method in (("regress", "regress"), ("classify", "classify")):
        task = request.tasks.add(method_name=f"tensorflow/serving/{method}")
        task.model_spec.name = "examples"
        task.model_spec.signature_name = signature
    answer = PREDICTION.MultiInference(request, timeout=10)
    assert answer.results[0].regression_result.regressions[0].value == 13
    assert len(answer.results[1].classification_result.classifications) == 1


@check("GetModelMetadata")
def metadata():
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "celsius"
    answer = PREDICTION.GetModelMetadata(request, timeout=10)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert answer.metadata["signature_def"].Unpack(signatures)
    signature = signatures.signature_def["serving_default"]
    assert signature.inputs["fahrenheit"].dtype == tf.float32.as_datatype_enum


@check("GetModelStatus")
def status():
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "shift"
    answer = MODELS.GetModelStatus(request, timeout=10)
    states = sorted((status.version, status.state) for status in answer.model_version_status)
    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert states == [(1, available), (2, available)], states


@check("HandleReloadConfigRequest")
def reload():
    with open(os.environ["MODEL_CONFIG_FILE"]) as file:
        config = text_format.Parse(file.read(), model_server_config_pb2.ModelServerConfig())
    request = model_management_pb2.ReloadConfigRequest(config=config)
    kept = [model for model in config.model_config_list.config if model.name != "double"]
    request.config.model_config_list.ClearField("config")
    request.config.model_config_list.config.extend(kept)
    answer = MODELS.HandleReloadConfigRequest(request, timeout=60)
    assert answer.status.error_code == 0, answer
    gone = predict_request("double", "", x=([1.0], tf.float32))
    assert code_of(PREDICTION.Predict, gone) == "NOT_FOUND"
    assert MODELS.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest(config=config), timeout=60).status.error_code == 0
    assert code_of(PREDICTION.Predict, gone) == "OK"


run()
