"""A SavedModel behind FastAPI, as most people would put it on the web, with what is known to be good practice.

The model is loaded once, its signature called directly (no Keras predict loop), requests and answers are typed, uvicorn
runs on uvloop and httptools. A run that takes microseconds is made where the request is read: a pool of threads would cost
more. Longer ones go to FastAPI's pool, so that the loop goes on reading.
"""

import os
from functools import reduce
from typing import Any

import numpy as np
from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from pydantic import create_model

from served import Served

SHORT_S = 0.0005

name = os.environ.get("MODEL_NAME", "celsius")
served = Served(os.environ["MODEL_PATH"])
item = str if served.dtype is object else int if np.issubdtype(served.dtype, np.integer) else float
Question = create_model("Question", instances=(reduce(lambda inner, _: list[inner], range(served.rank), item), ...))
Answer = create_model("Answer", predictions=(list[Any], ...))
app = FastAPI()


@app.post(f"/v1/models/{name}:predict")
async def predict(question: Question) -> Answer:
    if served.run_s < SHORT_S:
        found = served.predict(question.instances)
    else:
        found = await run_in_threadpool(served.predict, question.instances)
    return Answer(predictions=found.tolist())
