"""A file server on this machine whose manners a test can choose: what real servers and networks do."""

import contextlib
import http.server
import threading
from dataclasses import dataclass, field


@dataclass
class Manners:
    """What the server does, and what it was asked."""

    content: bytes
    etag: str | None = '"v1"'
    modified: str | None = None
    ranges: bool = True  # False: it sends everything, whatever it is asked for, as GitHub does with archives
    chunked: bool = False  # no Content-Length
    breaks: list = field(default_factory=list)  # for each request: hang up after so many bytes of the body, or None
    statuses: list = field(default_factory=list)  # for each request: answer this instead, or None
    lies: bool = False  # answers a range with another part of the file
    stalls: list = field(
        default_factory=list
    )  # for each request: fall silent after so many bytes (-1: before any answer)
    redirects: list = field(default_factory=list)  # for each request: send it elsewhere, or None
    length: str | None = None  # what to say instead of the true Content-Length
    asked: list = field(default_factory=list)  # the Range header of every request, None if it had none
    sent: list = field(default_factory=list)  # the first byte of every body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Say nothing."""

    def do_GET(self):
        manners = self.server.manners
        wanted = self.headers.get("Range")
        manners.asked.append(wanted)
        status = manners.statuses.pop(0) if manners.statuses else None
        cut = manners.breaks.pop(0) if manners.breaks else None
        stall = manners.stalls.pop(0) if manners.stalls else None
        elsewhere = manners.redirects.pop(0) if manners.redirects else None
        if stall == -1:
            self.server.over.wait(20)
            return self.send_error(500)
        if elsewhere is not None:
            self.send_response(302)
            self.send_header("Location", elsewhere)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        if status is not None:
            return self.send_error(status)
        start = 0
        condition = self.headers.get("If-Range")
        same = condition in (None, manners.etag, manners.modified) and not (condition or "").startswith("W/")
        if wanted and manners.ranges and same:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(manners.content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(manners.content)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
        manners.sent.append(start)
        body = manners.content[start:]
        self.send_response(206 if start else 200)
        if start:
            first = start - 7 if manners.lies else start
            self.send_header("Content-Range", f"bytes {first}-{len(manners.content) - 1}/{len(manners.content)}")
        for name, value in (("ETag", manners.etag), ("Last-Modified", manners.modified)):
            if value:
                self.send_header(name, value)
        if manners.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", manners.length or str(len(body)))
        self.end_headers()
        self.close_connection = True
        part = body if cut is None else body[:cut]
        part = part if stall is None else part[:stall]
        if manners.chunked:
            for at in range(0, len(part), 1000):
                piece = part[at : at + 1000]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            if cut is None:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(part)
        if stall is not None:
            self.server.over.wait(20)
        return None


@contextlib.contextmanager
def serving(manners: Manners):
    """Serve ``manners.content`` under every address that begins with what this gives."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.manners, server.over = manners, threading.Event()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
