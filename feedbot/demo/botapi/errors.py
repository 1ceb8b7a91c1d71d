"""Refusals, in the words of the Bot API."""

from typing import Any, Self

from aiohttp import web


class ApiError(Exception):
    """An answer with `ok: false`."""

    def __init__(self, code: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.code, self.description, self.parameters = code, description, parameters

    @classmethod
    def of_body(cls, told: dict[str, Any]) -> Self:
        """The refusal that has this JSON: `{"error_code": 400, "description": "…", "parameters": {…}}`."""
        return cls(int(told["error_code"]), str(told["description"]), **told.get("parameters", {}))

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        told: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        return told | ({"parameters": self.parameters} if self.parameters else {})

    def response(self) -> web.Response:
        """The answer over HTTP."""
        wait = self.parameters.get("retry_after")
        headers = {} if wait is None else {"Retry-After": str(wait)}
        return web.json_response(self.body(), status=self.code, headers=headers)


def bad_request(text: str) -> ApiError:
    """400."""
    return ApiError(400, f"Bad Request: {text}")


def forbidden(text: str) -> ApiError:
    """403."""
    return ApiError(403, f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    """409."""
    return ApiError(409, f"Conflict: {text}")


def too_many(seconds: int) -> ApiError:
    """429 with the seconds to wait."""
    return ApiError(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
