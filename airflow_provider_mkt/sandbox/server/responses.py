"""Starlette's responses, as the platforms write them."""

from __future__ import annotations

import gzip
import json

import starlette.responses
from starlette.responses import PlainTextResponse, Response

SMALLEST_GZIP = 1024


class JSONResponse(starlette.responses.JSONResponse):
    """A JSON response. A lone surrogate, which JSON can escape and UTF-8 cannot encode, becomes "?"."""

    media_type = "application/json;charset=utf-8"

    def render(self, content: object) -> bytes:
        text = json.dumps(content, separators=(",", ":"), ensure_ascii=False, default=str)
        return text.encode("utf-8", "replace")


def make_response(status: int, content: object, headers: dict[str, str]) -> Response:
    """Return a response with any content.

    :param content: None for no body, text and bytes as they are, everything else as JSON.
    """
    if content is None or status in (204, 304):
        return Response(status_code=status, headers=headers)
    if isinstance(content, bytes):
        return Response(content, status, headers, "application/octet-stream")
    if isinstance(content, str):
        return PlainTextResponse(content.encode("utf-8", "replace"), status, headers)
    return JSONResponse(content, status, headers)


def replace_body(response: Response, body: bytes) -> None:
    """Give a response another body of the same media type."""
    response.body = body
    response.headers["content-length"] = str(len(body))


def compress(response: Response) -> None:
    """Compress the body of a response with gzip, unless it is small."""
    if len(response.body) >= SMALLEST_GZIP:
        replace_body(response, gzip.compress(response.body, compresslevel=1, mtime=0))
        response.headers["content-encoding"] = "gzip"
        response.headers["vary"] = "Accept-Encoding"
