"""The same SavedModel behind FastAPI, as most people would put it on the web, with what is known to be good practice.

The model is loaded once, its signature called directly (no Keras predict loop), requests and answers are typed, uvicorn
runs on uvloop and httptools. The handler is `async` because a run takes microseconds: a thread pool would cost more.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import tensorflow as tf
from fastapi import FastAPI, Request
from pydantic import BaseModel


class Question(BaseModel):
    instances: list[float]  # °F


class Answer(BaseModel):
    predictions: list[float]  # °C


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    model = tf.saved_model.load(os.environ["MODEL_PATH"])
    app.state.model = model  # the signature does not keep it alive
    app.state.predict = model.signatures["serving_default"]
    app.state.predict(fahrenheit=tf.constant([32.0]))  # the first run traces and is slow
    yield


app = FastAPI(lifespan=lifespan)


@app.post("/v1/models/celsius:predict")
async def predict(question: Question, request: Request) -> Answer:
    fahrenheit = tf.constant(question.instances, tf.float32)
    celsius = request.app.state.predict(fahrenheit=fahrenheit)["celsius"]
    return Answer(predictions=celsius.numpy().tolist())
