"""Users who ask a model server and check each answer: Celsiusify or TensorFlow Serving.

    locust -f locustfile.py --host http://127.0.0.1:8080 --headless -u 32 -r 32 -t 60s
    locust -f locustfile.py --host http://127.0.0.1:8501 --headless -u 32 -r 32 -t 60s --api predict
    locust -f locustfile.py --host http://127.0.0.1:8080 --headless -u 8 -r 8 -t 60s --model mobilenet_v2

celsius is asked °F, and each answer must be the right °C. Any other model (pictures, texts, numbers) is asked examples that
are made from its signature, or --body; whatever it answered first to a question it must answer again. An answer that is not the right one, has another status or does not come counts as a failure, and any failure makes
Locust's exit code 1; so does a run without a single request.
"""

import json
import logging
import math
import random
import struct
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from locust import FastHttpUser, LoadTestShape, constant_throughput, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

import examples

FAHRENHEIT = [212.0, 98.6, 32.0, 0.0, -40.0, -459.67, 451.0, 1e10, *(step * 0.7 for step in range(-300, 700))]
BODIES = 256  # prepared before the run: writing JSON would take the client's time from the server's


def float32(value: float) -> float:
    """Round to float32, the model's dtype: servers print it with more or fewer digits, the rounded value is one."""
    return struct.unpack("f", struct.pack("f", value))[0]


def celsius(fahrenheit: float) -> float:
    """The right answer in °C as float32: the model, too, computes in float64 and rounds once."""
    return float32((float32(fahrenheit) - 32.0) * 5.0 / 9.0)


@dataclass(frozen=True)
class Api:
    """How one server's interface is spoken: `path` may hold {model}; `answers` reads °C from a parsed answer."""

    path: str
    body: Callable[[Sequence[float]], dict[str, object]]
    answers: Callable[[dict[str, object]], object]


APIS = {
    # one number goes in and out as a number, several as a list
    "celsius": Api(
        "/celsius",
        lambda rows: {"fahrenheit": rows[0] if len(rows) == 1 else list(rows)},
        lambda answer: answer["celsius"],
    ),
    # TensorFlow Serving's REST API, which Celsiusify speaks too
    "predict": Api(
        "/v1/models/{model}:predict",
        lambda rows: {"instances": list(rows)},
        lambda answer: answer["predictions"],
    ),
}


@dataclass
class Question:
    """A request's body, and what must be answered: °C as float32, or else what was answered first, once it was."""

    body: bytes
    expected: list[float] | None = None
    first: object = None
    first_text: str | None = None


def questions(api: Api, rows: int, seed: int = 1) -> list[Question]:
    """BODIES questions of `rows` numbers each, drawn from FAHRENHEIT: the same ones for each seed."""
    draw = random.Random(seed)
    asked = [[draw.choice(FAHRENHEIT) for _ in range(rows)] for _ in range(BODIES)]
    return [Question(json.dumps(api.body(f)).encode(), [celsius(x) for x in f]) for f in asked]


def complaint(api: Api, question: Question, status: int, text: str | None) -> str | None:
    """What is wrong with an answer, or None. `text` is the body, `status` 0 where no answer came."""
    if status != 200:
        return f"status {status}: {(text or '')[:200]}"
    try:
        if question.expected is None:
            return another(question, text or "")
        got = api.answers(json.loads(text or ""))
        values = [float32(value) for value in (got if isinstance(got, list) else [got])]
    except (ValueError, KeyError, TypeError, struct.error, OverflowError):
        return f"not an answer of this API: {(text or '')[:200]}"
    return None if values == question.expected else f"wrong value: {values[:4]} for {question.expected[:4]}"


def another(question: Question, text: str) -> str | None:
    """What an answer has other than the first one; raises ValueError where it is not JSON with predictions or outputs."""
    if text == question.first_text:
        return None
    answer = json.loads(text)
    if not isinstance(answer, dict) or not ("outputs" in answer or "predictions" in answer):
        raise ValueError("no answer of :predict")
    if question.first_text is None:
        question.first, question.first_text = answer, text
        return None
    same = examples.same(question.first, answer)
    return None if same else f"another answer than the first: {text[:100]} for {question.first_text[:100]}"


def model_questions(host: str, model: str, rows: int) -> list[Question]:
    """Questions made from the model's own metadata. Raises OSError where it cannot be had, ValueError or KeyError where
    it has no signature whose inputs can be made."""
    with urllib.request.urlopen(f"{host.rstrip('/')}/v1/models/{model}/metadata", timeout=30) as answer:
        return [Question(body) for body in examples.requests(json.load(answer), rows)]


def users_at(seconds: float, run_time: float, users: int, steps: int) -> int:
    """Users wanted `seconds` after the start: `steps` equal steps up to `users`, each for an equal part of the run."""
    step = min(int(seconds * steps / run_time) + 1, steps) if run_time else steps
    return math.ceil(users * step / steps)


@events.init_command_line_parser.add_listener
def add_options(parser) -> None:
    group = parser.add_argument_group("Celsius options")
    group.add_argument("--api", choices=sorted(APIS), default="celsius", help="interface to speak (default: celsius)")
    group.add_argument("--model", default="celsius", help="model's name (default: celsius); others are asked examples made from their signature")
    group.add_argument("--body", default="", help="JSON to post to the model's predict path instead")
    group.add_argument("--rows", type=int, default=1, help="rows in one request (default: 1)")
    group.add_argument("--steps", type=int, default=1, help="raise the users in so many steps; 1: constant (default)")
    group.add_argument(
        "--pace", type=float, default=0, help="most requests/s of one user; 0: the next at once (default)"
    )
    group.add_argument(
        "--reconnect-every",
        type=int,
        default=0,
        help="open a new connection after so many requests of a user, so that new pods get their share; "
        "0: keep it for the whole run (default)",
    )


@events.test_start.add_listener
def prepare(environment: Environment, **_: object) -> None:
    options = environment.parsed_options
    own = options.body != "" or options.model != "celsius"
    api = APIS["predict" if own else options.api]
    CelsiusUser.api = api
    CelsiusUser.path = api.path.format(model=options.model)
    if options.body:
        CelsiusUser.questions = [Question(options.body.encode())]
    elif own:
        try:
            CelsiusUser.questions = model_questions(environment.host, options.model, options.rows)
        except (OSError, ValueError, KeyError) as error:
            logging.error("no examples of %s: %s; give --body", options.model, error)
            environment.process_exit_code = 1
            environment.runner.quit()
    else:
        CelsiusUser.questions = questions(api, options.rows)


@events.quitting.add_listener
def no_requests_is_a_failure(environment: Environment, **_: object) -> None:
    is_worker = isinstance(environment.runner, WorkerRunner)
    if not is_worker and environment.parsed_options.headless and environment.stats.total.num_requests == 0:
        environment.process_exit_code = 1


class Steps(LoadTestShape):
    """Takes --users, --spawn-rate and --run-time as any run does, and climbs there in --steps."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options
        seconds, run_time = self.get_run_time(), float(options.run_time or 0)
        if run_time and seconds >= run_time:
            return None
        return users_at(seconds, run_time, options.num_users or 1, options.steps), options.spawn_rate or 1


class CelsiusUser(FastHttpUser):
    """One keep-alive connection, one request at a time, nothing retried: what fails is seen."""

    api: Api
    path: str
    questions: list[Question] = []
    connection_timeout = 10.0
    network_timeout = 10.0
    max_retries = 0

    def on_start(self) -> None:
        options = self.environment.parsed_options
        self.sent = random.randrange(BODIES)  # users start at different questions and reconnect at different times
        self.reconnect_every = options.reconnect_every
        if options.pace:
            self.pace = constant_throughput(options.pace)

    def wait_time(self) -> float:
        pace = getattr(self, "pace", None)
        return pace(self) if pace else 0

    @task
    def ask(self) -> None:
        question = self.questions[self.sent % len(self.questions)]
        self.sent += 1
        headers = {"content-type": "application/json"}
        if self.reconnect_every and self.sent % self.reconnect_every == 0:
            headers["connection"] = "close"
        with self.client.post(self.path, data=question.body, headers=headers, catch_response=True) as response:
            wrong = complaint(self.api, question, response.status_code, response.text)
            if wrong and response.status_code:  # without a status, Locust's own message says more
                response.failure(wrong)
            elif not wrong:
                response.success()
