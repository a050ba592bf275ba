"""python -m unittest discover -s locust -p '*_test.py'"""

import contextlib
import json
import subprocess
import sys
import threading
import unittest
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import examples
from locustfile import APIS, Question, celsius, complaint, questions, users_at

LOCUSTFILE = Path(__file__).with_name("locustfile.py")


class Answers(unittest.TestCase):
    def test_right_answers(self) -> None:
        for fahrenheit, expected in [(212, 100), (-40, -40), (98.6, 37), (1e10, 5555555328), (0, -17.77777862548828)]:
            with self.subTest(fahrenheit):
                self.assertEqual(celsius(fahrenheit), expected)

    def test_complaints(self) -> None:
        cases = [
            ("celsius", [100.0], 200, '{"celsius":100,"runId":"x"}', None),
            ("celsius", [100.0, -40.0], 200, '{"celsius":[100,-40]}', None),
            ("predict", [100.0], 200, '{"predictions": [100.0]}', None),
            ("predict", [celsius(100)], 200, '{"predictions": [37.7777786]}', None),
            ("predict", [celsius(100)], 200, '{"predictions": [37.77778]}', None),
            ("predict", [100.0], 200, '{"predictions": [99.9]}', "wrong value"),
            ("predict", [100.0], 200, '{"predictions": []}', "wrong value"),
            ("predict", [100.0], 200, '{"celsius":100}', "not an answer"),
            ("celsius", [100.0], 200, '{"celsius":null}', "not an answer"),
            ("celsius", [100.0], 200, '{"celsius":1e999}', "wrong value"),
            ("celsius", [100.0], 200, "<html>", "not an answer"),
            ("celsius", [100.0], 200, None, "not an answer"),
            ("celsius", [100.0], 503, '{"error":"busy"}', "status 503"),
            ("celsius", [100.0], 0, None, "status 0"),
            ("predict", None, 200, '{"outputs": [1]}', None),
            ("predict", None, 200, "<html>", "not an answer"),
            ("predict", None, 200, "[1]", "not an answer"),
            ("predict", None, 400, '{"error":"shape"}', "status 400"),
        ]
        for api, expected, status, text, wanted in cases:
            with self.subTest(api=api, status=status, text=text):
                got = complaint(APIS[api], Question(b"", expected), status, text)
                self.assertTrue(got is None if wanted is None else got and got.startswith(wanted), got)

    def test_the_first_answer_holds(self) -> None:
        for first, then, wanted in [
            ('{"outputs": [[0.5, 1]]}', '{"outputs": [[0.5, 1.00001]]}', None),
            ('{"outputs": [[0.5, 1]]}', '{"outputs": [[0.5, 1.001]]}', "another answer"),
            ('{"outputs": [1, 2]}', '{"outputs": [1]}', "another answer"),
            ('{"outputs": {"a": ["x"]}}', '{"outputs": {"a": ["x"]} }', None),
            ('{"outputs": {"a": ["x"]}}', '{"outputs": {"a": ["y"]}}', "another answer"),
            ('{"outputs": {"a": [NaN]}}', '{"outputs": {"a": [NaN] }}', None),
            ('{"outputs": [0.0]}', '{"predictions": [0.0]}', "another answer"),
        ]:
            with self.subTest(first=first, then=then):
                question = Question(b"")
                self.assertIsNone(complaint(APIS["predict"], question, 200, first))
                got = complaint(APIS["predict"], question, 200, then)
                self.assertTrue(got is None if wanted is None else got and got.startswith(wanted), got)

    def test_questions(self) -> None:
        one, many = questions(APIS["celsius"], 1)[0], questions(APIS["predict"], 3)[0]
        self.assertIsInstance(json.loads(one.body)["fahrenheit"], float)
        self.assertEqual(len(json.loads(many.body)["instances"]), 3)
        self.assertEqual(many.expected, [celsius(x) for x in json.loads(many.body)["instances"]])


def metadata(**inputs: tuple[str, list[int] | None]) -> dict[str, object]:
    """As a server tells it: inputs by name, each a dtype and sizes; None for an unknown rank."""
    shapes = {
        name: {"unknown_rank": True} if sizes is None else {"dim": [{"size": str(size)} for size in sizes]}
        for name, (_, sizes) in inputs.items()
    }
    told = {name: {"dtype": dtype, "tensor_shape": shapes[name]} for name, (dtype, _) in inputs.items()}
    return {"metadata": {"signature_def": {"signature_def": {"serving_default": {"inputs": told}}}}}


class Examples(unittest.TestCase):
    def test_pictures_texts_numbers(self) -> None:
        pictures = examples.requests(metadata(x=("DT_FLOAT", [-1, -1, -1, 3])), 2)
        x = json.loads(pictures[0])["inputs"]["x"]
        self.assertEqual([len(x), len(x[0]), len(x[0][0]), len(x[0][0][0])], [2, 224, 224, 3])
        self.assertTrue(0 <= x[0][0][0][0] <= 1)
        self.assertLess(sum(map(len, pictures)), 2 * examples.BYTES)
        texts = examples.requests(metadata(text=("DT_STRING", [-1])), 1)
        self.assertEqual(len(set(texts)), examples.MOST)
        self.assertRegex(json.loads(texts[0])["inputs"]["text"][0], r"^[A-Z][a-z ]+\.$")
        two = json.loads(examples.requests(metadata(n=("DT_INT32", []), ok=("DT_BOOL", [-1, 2])), 3)[0])["inputs"]
        self.assertIsInstance(two["n"], int)
        self.assertEqual([len(row) for row in two["ok"]], [2, 2, 2])

    def test_the_same_for_a_seed(self) -> None:
        of = metadata(text=("DT_STRING", [-1]))
        self.assertEqual(examples.requests(of, 1), examples.requests(of, 1))
        self.assertNotEqual(examples.requests(of, 1), examples.requests(of, 1, seed=2))

    def test_what_cannot_be_made(self) -> None:
        for told in [metadata(x=("DT_COMPLEX64", [-1])), metadata(x=("DT_FLOAT", None))]:
            with self.assertRaises(ValueError):
                examples.requests(told, 1)


class Shapes(unittest.TestCase):
    def test_users(self) -> None:
        for seconds, run_time, users, steps, wanted in [
            (0, 60, 30, 1, 30),
            (59, 60, 30, 1, 30),
            (0, 60, 30, 3, 10),
            (19.9, 60, 30, 3, 10),
            (20, 60, 30, 3, 20),
            (40, 60, 30, 3, 30),
            (60, 60, 30, 3, 30),
            (5, 0, 30, 3, 30),  # no end: no steps
            (0, 60, 1, 3, 1),
        ]:
            with self.subTest(seconds=seconds, steps=steps):
                self.assertEqual(users_at(seconds, run_time, users, steps), wanted)


@contextlib.contextmanager
def server(offset: float) -> Iterator[str]:
    """An address that answers /celsius, wrong by `offset` °C."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            fahrenheit = json.loads(self.rfile.read(int(self.headers["content-length"])))["fahrenheit"]
            body = json.dumps({"celsius": celsius(fahrenheit) + offset}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}"
    finally:
        httpd.shutdown()
        httpd.server_close()


class WholeRun(unittest.TestCase):
    def locust(self, host: str, *options: str) -> subprocess.CompletedProcess[str]:
        command = ["-m", "locust", "-f", str(LOCUSTFILE), "--host", host, "--headless", "-t", "3s", "--only-summary"]
        return subprocess.run([sys.executable, *command, *options], capture_output=True, text=True, timeout=60)

    def test_right_answers_exit_0(self) -> None:
        with server(0) as host:
            done = self.locust(host, "-u", "4", "-r", "4", "--pace", "20", "--reconnect-every", "5", "--steps", "2")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_wrong_answers_exit_1(self) -> None:
        with server(0.5) as host:
            done = self.locust(host, "--pace", "20")
        self.assertEqual(done.returncode, 1)
        self.assertIn("wrong value", done.stdout + done.stderr)

    def test_no_server_exit_1(self) -> None:
        done = self.locust("http://127.0.0.1:9", "--pace", "20")
        self.assertEqual(done.returncode, 1)


if __name__ == "__main__":
    unittest.main()
