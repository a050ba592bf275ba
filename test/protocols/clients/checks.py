"""What the clients' scripts share: checks by name, and one line of JSON for each.

usage of a script: python NAME.py HTTP_PORT GRPC_PORT, where a server has celsius and the fixtures' models
"""

import json
import sys
import traceback

HTTP = f"127.0.0.1:{sys.argv[1]}"
GRPC = f"127.0.0.1:{sys.argv[2]}"
CHECKS = []


def check(called):
    """Registers a function as what is checked when `called` is called; what it returns is shown as the result."""

    def add(function):
        CHECKS.append((called, function))
        return function

    return add


def refused(error, *words):
    """Calls that must fail: with one of these errors, whose text has all these words."""
    types = error if isinstance(error, tuple) else (error,)

    class Refusal:
        def __enter__(self):
            return self

        def __exit__(self, kind, value, _):
            assert kind is not None and issubclass(kind, types), f"not refused, but {kind}: {value}"
            for word in words:
                assert word in str(value), f"{word!r} is not in: {value}"
            return True

    return Refusal()


def run():
    for called, function in CHECKS:
        try:
            line = {"called": called, "ok": True, "result": function() or ""}
        except Exception:  # of any kind: the next check has to be made, too
            line = {"called": called, "ok": False, "result": traceback.format_exc(limit=-3)}
        print(json.dumps(line), flush=True)
