"""One file over HTTP: resumed where the server can, and given up when a source is silent, slow, or serves something else.

The file's size is known beforehand, and no more than that is ever read. Whether the bytes are the right ones is not judged
here: the caller compares their hash.

Source of the rules for resuming: RFC 9110, sections 14.2 (Range), 14.4 (Content-Range) and 15.5.17 (416).
"""

from __future__ import annotations

import http.client
import os
import re
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, cast

from bnlab import __version__

BLOCK = 65_536
GZIP = b"\x1f\x8b"
"""How every file begins that is fetched here: all are compressed by gzip."""
REDIRECTS = {301, 302, 303, 307, 308}


@dataclass(frozen=True)
class Limits:
    """When a source is given up.

    timeout: seconds to connect in, and without a single byte. min_rate: bytes per second, on the average of `window`
    seconds; 0 for none. tries: how often in all a transfer may break off that got further each time. redirects: how many
    are followed.
    """

    timeout: float = 30
    min_rate: float = 200_000
    window: float = 20
    tries: int = 5
    redirects: int = 5


class SourceError(Exception):
    """What is wrong with a source, in words that follow its name."""


class BrokenOffError(SourceError):
    """The transfer ended too soon. What came is kept, and can be gone on from."""


class SlowError(SourceError):
    """The source works, but slowly. rate: bytes per second, as measured."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        super().__init__(f"is slow ({rate / 1000:,.0f} kB/s)")


def download(url: str, part: Path, size: int, limits: Limits, advance: Callable[[int], None]) -> bool:
    """Fetch the `size` bytes of a file into `part`, going on from what it holds. True if the whole of it came from here.

    advance is called with the number of bytes there. Raises SourceError if the source doesn't give the file; then `part`
    holds what can be gone on from, at this source or another. OSError is the disk's.
    """
    there = part.stat().st_size if part.exists() else 0
    if there > size:
        part.unlink()
        there = 0
    fresh = there == 0
    for left in reversed(range(limits.tries)):
        if there == size:
            break
        try:
            start = _transfer(url, part, there, size, limits, advance)
            fresh = fresh or start == 0
            there = size
        except BrokenOffError:
            got = part.stat().st_size if part.exists() else 0
            if got <= there or not left:
                raise
            there = got
    return fresh


def _transfer(url: str, part: Path, there: int, size: int, limits: Limits, advance: Callable[[int], None]) -> int:
    """Get the rest of the file, or all of it if the server gives no rest: where the bytes began that it gave."""
    for begin in dict.fromkeys((there, 0)):
        with _answered(url, begin, limits) as answer:
            start = _start(answer, begin, size)
            if start is not None:
                _write(part, start, _blocks(answer, start, size, limits), advance)
                return start
    raise SourceError("gives a part of a file where it was asked for the whole")


def _write(part: Path, start: int, blocks: Iterable[bytes], advance: Callable[[int], None]) -> None:
    """Put the blocks into the file from `start` on, and nothing after them."""
    with naming(part), open(part, "r+b" if part.exists() else "wb") as file:
        file.truncate(start)
        file.seek(start)
        for data in blocks:
            file.write(data)
            advance(file.tell())
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """An error of the disk says which file it was about; that of a full disk doesn't by itself."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or str(path)
        raise


@contextmanager
def _answered(url: str, there: int, limits: Limits) -> Iterator[Any]:
    """The server's answer. What goes wrong in the network until the end of the block becomes a SourceError."""
    headers = {"User-Agent": f"bnlab/{__version__}"}
    if there:
        headers["Range"] = f"bytes={there}-"
    try:
        answer = _opener(limits.redirects).open(urllib.request.Request(url, headers=headers), timeout=limits.timeout)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise SourceError(_refusal(error.code)) from error
        answer = None
    except urllib.error.URLError as error:
        raise SourceError(_unreachable(error.reason, limits)) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise SourceError(_unreachable(error, limits)) from error
    if answer is None:
        yield None
    else:
        with answer:
            yield answer


def _start(answer: Any, there: int, size: int) -> int | None:
    """Where in the file the answer's body begins; None if that isn't what was asked for.

    Raises SourceError if the answer is plainly not the file.
    """
    if answer is None:  # 416: the server's file ends before
        return None
    if answer.headers.get_content_type() in ("text/html", "application/xhtml+xml"):
        raise SourceError("answers with a web page in place of the file")
    length = answer.headers.get("Content-Length", "")
    if answer.status == HTTPStatus.PARTIAL_CONTENT:
        span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", "").strip())
        if not (there and span and int(span[1]) == there):
            return None
        start, whole = there, span[2]
    elif answer.status == HTTPStatus.OK:
        start, whole = 0, length
    else:
        raise SourceError(_refusal(answer.status))
    if whole.isdigit() and int(whole) != size:
        raise SourceError(f"has another file ({int(whole):,} bytes, not {size:,})")
    return start


def _blocks(answer: Any, start: int, size: int, limits: Limits) -> Iterator[bytes]:
    """The body, as it comes, to the end of the file and not a byte further."""
    position, pace = start, _Pace(limits)
    while position < size:
        data = _read(answer, min(BLOCK, size - position), position, size, limits)
        if not data:
            raise BrokenOffError(f"breaks off after {position:,} of {size:,} bytes")
        if position < len(GZIP) and not (data + GZIP[len(data) :]).startswith(GZIP[position:]):
            raise SourceError(f"has another file (it begins with {ascii(data[:12])[1:]})")
        position += len(data)
        yield data
        if position < size:
            pace.check(len(data))


def _read(answer: Any, number: int, position: int, size: int, limits: Limits) -> bytes:
    """Up to so many bytes, whatever there is: a server that sends one at a time mustn't hold this up."""
    try:
        return cast(bytes, answer.read1(number))
    except TimeoutError as error:
        raise BrokenOffError(f"falls silent after {position:,} of {size:,} bytes (for {limits.timeout:g} s)") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BrokenOffError(f"breaks off after {position:,} of {size:,} bytes ({_said(error)})") from error


class _Pace:
    """Watches how many bytes come in each window of time."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.since, self.came = limits, time.monotonic(), 0

    def check(self, number: int) -> None:
        """Note so many bytes more. Raises SlowError at the end of a window in which there were too few."""
        self.came += number
        passed = time.monotonic() - self.since
        if passed >= self.limits.window:
            if self.came < self.limits.min_rate * passed:
                raise SlowError(self.came / passed)
            self.since, self.came = time.monotonic(), 0


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows so many redirects and no more, each only once."""

    max_repeats = 1

    def __init__(self, most: int) -> None:
        self.max_redirections = most  # type: ignore[misc]  # it is a class's in typeshed alone

    def redirect_request(self, req: Any, fp: Any, *more: Any) -> Any:
        """The request that follows. The redirect's own body, which may be endless, isn't read."""
        fp.close()
        return super().redirect_request(req, fp, *more)


def _opener(redirects: int) -> urllib.request.OpenerDirector:
    """It knows HTTP and HTTPS alone, so that nothing can redirect it to a file of this machine."""
    opener = urllib.request.OpenerDirector()
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=_certificates()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(redirects),
    ]
    for handler in handlers:
        opener.add_handler(handler)
    return opener


@lru_cache
def _certificates() -> ssl.SSLContext:
    """The system's certificates and certifi's: some installations of Python come without the first."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _refusal(status: int) -> str:
    if status in REDIRECTS:
        return "redirects in a circle, or too often"
    if status == HTTPStatus.NOT_FOUND:
        return "has no such file (404)"
    known = status in HTTPStatus._value2member_map_
    return f"refuses ({status}{f' {HTTPStatus(status).phrase}' if known else ''})"


def _unreachable(reason: Any, limits: Limits) -> str:
    if isinstance(reason, TimeoutError):
        return f"doesn't answer within {limits.timeout:g} s"
    return f"can't be reached ({_said(reason)})"


def _said(reason: Any) -> str:
    """In one line, and safe to print."""
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return ascii(" ".join(str(text).split()))[1:-1][:120]
