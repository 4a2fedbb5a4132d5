"""A real HTTP server on the loopback, whose answers are as good or as bad as a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Gives each path the answer that it has in the server's table; 404 without."""

    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.close_connection = True
        with suppress(ConnectionError):
            self.server.answers.get(self.path, refuses(404))(self)

    def head(self, status: int, **headers: Any) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """answers: by path. asked: the path and Range of each request so far. over: set when the server is to end."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.over = threading.Event()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


@contextmanager
def serving() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def gives(content: bytes, ranges: bool = True, upto: int | None = None, length: bool = True) -> Answer:
    """The content, or the part of it that is asked for. upto: it breaks off before this byte. length: it says how long it
    is."""

    def answer(handler: Handler) -> None:
        span = handler.headers.get("Range")
        start = int(span.removeprefix("bytes=").removesuffix("-")) if ranges and span else 0
        headers = {"Content_Length": len(content) - start} if length else {}
        if start:
            headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        handler.head(206 if start else 200, Content_Type="application/x-tar", **headers)
        handler.wfile.write(content[start:upto])

    return answer


def breaks_off(content: bytes, every: int, ranges: bool = True) -> Answer:
    """Each answer ends after so many bytes."""

    def answer(handler: Handler) -> None:
        span = handler.headers.get("Range") if ranges else None
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span else 0
        gives(content, ranges, upto=start + every)(handler)

    return answer


def stalls(content: bytes, after: int) -> Answer:
    """It sends so many bytes, and then nothing. after: -1 for not even a status."""

    def answer(handler: Handler) -> None:
        if after >= 0:
            gives(content, upto=after)(handler)
            handler.wfile.flush()
        handler.server.over.wait(60)

    return answer


def drips(content: bytes, pause: float = 0.005, bytes_at_once: int = 1) -> Answer:
    """A few bytes at a time, so that no read ever waits for long."""

    def answer(handler: Handler) -> None:
        span = handler.headers.get("Range")
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span else 0
        gives(content, upto=start)(handler)
        for i in range(start, len(content), bytes_at_once):
            handler.wfile.write(content[i : i + bytes_at_once])
            handler.wfile.flush()
            if handler.server.over.wait(pause):
                return

    return answer


def endless(begin: bytes, chunked: bool = False) -> Answer:
    """It never ends, and doesn't say how long it is."""

    def answer(handler: Handler) -> None:
        handler.head(200, **({"Transfer_Encoding": "chunked"} if chunked else {}))
        data = begin
        while not handler.server.over.is_set():
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)
            data = bytes(100_000)

    return answer


def redirects(to: str, status: int = 302, endless_body: bool = False) -> Answer:
    def answer(handler: Handler) -> None:
        handler.head(status, Location=to, **({} if endless_body else {"Content_Length": 0}))
        if endless_body:
            for _ in range(1000):  # as good as endless
                handler.wfile.write(bytes(100_000))
            handler.server.asked.append(("everything was read", None))

    return answer


def refuses(status: int) -> Answer:
    return lambda handler: handler.head(status, Content_Length=0)


def web_page(handler: Handler) -> None:
    """What hosts answer that want a log-in, or have moved: status 200, and no file."""
    page = b"<!DOCTYPE html><html><title>Please sign in</title></html>"
    handler.head(200, Content_Type="text/html; charset=utf-8", Content_Length=len(page))
    handler.wfile.write(page)


def unlabelled_page(handler: Handler) -> None:
    """The same without saying what it is, nor how long."""
    handler.head(200)
    handler.wfile.write(b"<!DOCTYPE html><html><title>Please sign in</title></html>")
