"""A SavedModel behind BentoML, in WORKERS processes; synchronous methods run in BentoML's own pool of threads."""

import os
from typing import Any

import bentoml


@bentoml.service(
    workers=int(os.environ["WORKERS"]),
    traffic={"timeout": 60, "concurrency": 1_000},
    logging={"access": {"enabled": False}},
    metrics={"enabled": False},
)
class Model:
    """TensorFlow Serving's row format."""

    def __init__(self) -> None:
        from served import Served  # in the workers alone: the process that watches them needs no TensorFlow

        self.served = Served(os.environ["MODEL_PATH"])

    @bentoml.api(route=f"/v1/models/{os.environ['MODEL_NAME']}:predict")
    def predict(self, instances: list) -> dict[str, Any]:
        return {"predictions": self.served.predict(instances).tolist()}
