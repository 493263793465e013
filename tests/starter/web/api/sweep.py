"""A sweep over the OpenAPI document: every operation asked by strangers, by keys without its scope, and with garbage.

Owns the garbage (the same in every run) and what is asserted of every answer: documented, of the documented form, never a fault. Works on
any application that serves the document, with any desk behind it.
"""

import json
from dataclasses import dataclass
from typing import Any

import httpx2

from starter.web.api.answers import ProblemAnswer
from starter.web.problems import MEDIA_TYPE
from store.api_keys import ApiKey, Scope
from tests.store.samples import MONDAY

_STRANGE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**400,
    1e308,
    "",
    " ",
    "x" * 30_000,
    "a\x00b",
    "a\ud800",
    "'; DROP TABLE cases; --",
    "../../etc/passwd",
    "{{7*7}}",
    "2026-13-45",
    "0001-01-01T00:00:00+14:00",
    [],
    {},
    [[]],
    {"a": {"b": []}},
)
BODIES = (
    b"",
    b" ",
    b"null",
    b"[]",
    b"{}",
    b'"x"',
    b"1",
    b"NaN",
    b"{",
    b"\xff\xfe\x00",
    b"[" * 5000,
    b"9" * 5000,
    b'{"by": null}',
    b'{"a\\ud800": 1}',
)
_TEXTS = ("", " ", "x", "-1", "1e9", "NaN", "\x00", "a\x00b", "💩", "%", "' OR 1=1", "2026-03-02", "9" * 400, "x" * 2000)


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    document: dict[str, Any]

    @property
    def scope(self) -> Scope:
        return Scope(self.document["x-scope"])

    @property
    def media(self) -> str | None:
        """The content type of its body."""
        body = self.document.get("requestBody")
        return next(iter(body["content"])) if body else None

    @property
    def examples(self) -> list[Any]:
        body = self.document["requestBody"]["content"][self.media]
        return [example["value"] for example in body["examples"].values()]

    def at(self, case_id: str) -> str:
        return self.path.replace("{case_id}", case_id)

    def without_scope(self) -> list[Scope]:
        """Every scope that does not grant it."""
        return [scope for scope in Scope if not _key(scope).may(self.scope)]


def _key(scope: Scope) -> ApiKey:
    return ApiKey(key_id="k", name="x", scopes=[scope], per_minute=1, created_at=MONDAY, created_by="x")


def operations(document: dict[str, Any]) -> list[Operation]:
    return [
        Operation(method.upper(), path, told)
        for path, methods in document["paths"].items()
        for method, told in methods.items()
        if path.startswith("/v1/")
    ]


def judge(operation: Operation, answer: httpx2.Response, given: object) -> None:
    """The answer is documented, has the form that is documented, and is no fault of ours."""
    where = f"{operation.method} {operation.path} with {str(given)[:80]}"
    assert answer.status_code < 500, f"{where}: {answer.status_code} {answer.text[:300]}"
    documented = operation.document["responses"].get(str(answer.status_code))
    assert documented is not None, f"{where}: {answer.status_code} is not documented: {answer.text[:300]}"
    kind = answer.headers["content-type"].partition(";")[0]
    assert kind in documented["content"], f"{where}: {kind} is not documented for {answer.status_code}"
    for name, header in documented.get("headers", {}).items():
        assert name.lower() in answer.headers, f"{where}: {answer.status_code} without {name} ({header})"
    if answer.status_code >= 400:
        assert kind == MEDIA_TYPE
        told = ProblemAnswer.model_validate_json(answer.content)
        assert told.status == answer.status_code
        assert told.detail, where
        assert set(answer.json()) <= set(ProblemAnswer.model_fields), where
        assert "Traceback" not in answer.text


async def without_a_key(client: httpx2.AsyncClient, operation: Operation, case_id: str) -> None:
    """`client` has none."""
    for content in (None, *BODIES[:6]):
        headers = {"content-type": operation.media or "application/json"}
        answer = await client.request(operation.method, operation.at(case_id), content=content, headers=headers)
        judge(operation, answer, content)
        assert answer.status_code == 401


async def without_the_scope(client: httpx2.AsyncClient, operation: Operation, case_id: str) -> None:
    """`client` has a key with every scope but those that grant it."""
    answer = await client.request(
        operation.method, operation.at(case_id), content=b"{", headers={"content-type": operation.media or "text/plain"}
    )
    judge(operation, answer, "another scope")
    assert (answer.status_code, answer.json()["scope"]) == (403, operation.scope.value)


async def garbage_bodies(client: httpx2.AsyncClient, operation: Operation, case_id: str) -> None:
    """What is no body at all, and one of another type: 4xx each (a batch: one result per line, 4xx each)."""
    assert operation.media is not None
    for content in BODIES:
        answer = await client.request(operation.method, operation.at(case_id), content=content, headers={"content-type": operation.media})
        judge(operation, answer, content)
        if operation.media == "application/json":
            assert answer.status_code in (400, 422), (operation, content)
        elif answer.status_code == 200:
            assert all(400 <= json.loads(line)["status"] < 500 for line in answer.text.splitlines())
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/jsonx", ""):
        answer = await client.request(operation.method, operation.at(case_id), content=b"{}", headers={"content-type": kind})
        judge(operation, answer, kind)
        assert answer.status_code == 415


async def garbage_parameters(client: httpx2.AsyncClient, operation: Operation, case_id: str) -> None:
    """Every parameter with what it is not."""
    for parameter in operation.document.get("parameters", []):
        for text in _TEXTS:
            if parameter["in"] == "query":
                answer = await client.request(operation.method, operation.at(case_id), params={parameter["name"]: text})
            elif parameter["in"] == "path":
                path = operation.path.replace("{case_id}", httpx2.QueryParams({"x": text or "-"}).__str__().removeprefix("x="))
                answer = await client.request(operation.method, path)
            else:
                headers = [(parameter["name"].encode(), text.replace("\x00", "").encode()), (b"content-type", b"application/json")]
                answer = await client.request(operation.method, operation.at(case_id), headers=headers, content=b"{}")
            judge(operation, answer, (parameter["name"], text))
