"""Does a client's kernel delay answers? The same requests with acknowledgements as Linux sends them, and at once.

    acks.py --target tf-serving=PORT --target celsiusify-predict=PORT --out FILE.csv

Servers of celsius must be running. A server that sends an answer in pieces, and a piece only when the one before was
acknowledged, waits for the up to 40 ms that Linux holds an acknowledgement back; with TCP_QUICKACK it does not. One
keep-alive connection, one request at a time; ABBA. Columns: bench/controls/README.md.
"""

import argparse
import csv
import json
import socket
import statistics
import time
from pathlib import Path

ROWS = (1, 1024, 2048, 4096)
REPEATS = 4
REQUESTS = 40
COLUMNS = "target,rows,answer_bytes,acks,repeat,order,requests,p50_ms,max_ms,mode".split(",")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time answers with delayed acknowledgements and without.")
    parser.add_argument("--target", action="append", required=True, help="NAME=PORT of a running server of celsius")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    servers = [(name, int(port)) for name, _, port in (target.partition("=") for target in options.target)]
    ways = [(name, port, acks) for name, port in servers for acks in ("delayed", "at-once")]
    rows = []
    for repeat in range(1, REPEATS + 1):
        for name, port, acks in ways if repeat % 2 else reversed(ways):
            for count in ROWS:
                times, size = ask(port, count, acks == "at-once")
                times.sort()
                middle = f"{statistics.median(times):.4g}"
                rows.append([name, count, size, acks, repeat, len(rows) + 1, len(times), middle, f"{times[-1]:.4g}", "full"])
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with options.out.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


def ask(port: int, rows: int, at_once: bool) -> tuple[list[float], int]:
    """Milliseconds of each request of so many rows, and bytes of an answer's body."""
    body = json.dumps({"instances": [((i * 7) % 4001) / 10 - 200 for i in range(rows)]}).encode()
    head = f"POST /v1/models/celsius:predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    times, size = [], 0
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(REQUESTS):
            started = time.perf_counter()
            connection.sendall(head.encode() + body)
            size = read(connection, at_once)
            times.append((time.perf_counter() - started) * 1000)
    return times, size


def read(connection: socket.socket, at_once: bool) -> int:
    """Reads one answer. Linux takes TCP_QUICKACK back by itself, so it is set before each read."""
    received, end = b"", None
    while end is None or len(received) < end:
        if at_once:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = connection.recv(1 << 20)
        if not piece:
            raise ConnectionError("the server closed the connection")
        received += piece
        if end is None and b"\r\n\r\n" in received:
            head, _, _ = received.partition(b"\r\n\r\n")
            if b" 200 " not in head.split(b"\r\n")[0]:
                raise ConnectionError(f"answered {head[:100]!r}")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
            end = len(head) + 4 + int(fields[b"content-length"])
    return end - len(received.partition(b"\r\n\r\n")[0]) - 4


if __name__ == "__main__":
    main()
