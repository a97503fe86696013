"""Requests as real clients send them, which Marketo's gateway accepts."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx
import pytest
from marketo_tools import Api

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

GZIP = {"Accept-Encoding": "gzip"}
EXPORT = {
    "fields": ["id"],
    "filter": {"createdAt": {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-01-20T00:00:00Z"}},
}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as sandbox:
        yield sandbox


@pytest.fixture
def api(running: Sandbox) -> Api:
    running.marketo.reset()
    return Api(running)


def raw(api: Api, method: str, target: str, **more: object) -> httpx.Response:
    """Send a path as it is: httpx resolves dot segments, and drops double slashes at the start."""
    request = api.client.build_request(method, "/", **more)  # type: ignore[arg-type]
    request.url = request.url.copy_with(raw_path=target.encode())
    return api.client.send(request)


def test_the_bulk_api_is_also_below_rest(api: Api) -> None:
    made = raw(api, "POST", "/rest/../bulk/v1/leads/export/create.json", json=EXPORT).json()
    assert made["result"][0]["status"] == "Created"
    (listed,) = raw(api, "GET", "/rest/./../bulk/v1/leads/export.json").json()["result"]
    assert listed["exportId"] == made["result"][0]["exportId"]


@pytest.mark.parametrize("path", ["//rest/v1/lead/{}", "/rest//v1/lead/{}", "/rest/v1//lead/{}"])
def test_double_slashes_are_accepted(api: Api, path: str) -> None:
    assert raw(api, "GET", path.format(f"{seed.ANNA}.json")).json()["result"][0]["id"] == seed.ANNA


def test_a_base_url_that_ends_in_a_slash_gets_its_token(api: Api) -> None:
    query = f"grant_type=client_credentials&client_id={seed.CLIENT_ID}&client_secret={seed.CLIENT_SECRET}"
    assert raw(api, "GET", f"//identity/oauth/token?{query}").json()["token_type"] == "bearer"


def test_dot_segments_do_not_lead_above_the_root(api: Api) -> None:
    assert raw(api, "GET", f"/../../rest/v1/lead/{seed.ANNA}.json").json()["success"] is True
    assert raw(api, "GET", "/../nothing").json()["errors"][0]["code"] == "610"


def test_leads_are_deleted_by_a_post_with_a_method_override_in_the_url(api: Api) -> None:
    answer = api.post("/v1/leads.json", {"input": [{"id": seed.ANNA}]}, _method="DELETE")
    assert answer["result"] == [{"id": seed.ANNA, "status": "deleted"}]
    assert api.get(f"/v1/lead/{seed.ANNA}.json")["errors"][0]["code"] == "1004"


def test_members_are_removed_by_a_post_with_a_method_override_in_the_url(api: Api) -> None:
    body = {"input": [{"id": seed.ANNA}]}
    answer = api.post(f"/v1/lists/{seed.STATIC_LIST}/leads.json", body, _method="delete")
    assert answer["result"] == [{"id": seed.ANNA, "status": "removed"}]
    assert api.get(f"/v1/lead/{seed.ANNA}.json")["success"] is True


def test_a_token_in_the_query_does_no_harm_beside_the_header(api: Api) -> None:
    token = api.client.headers["Authorization"].removeprefix("Bearer ")
    assert api.get(f"/v1/lead/{seed.ANNA}.json", access_token=token)["success"] is True


def test_a_get_can_have_a_form_body(api: Api) -> None:
    form = {"_method": "GET", "maxReturn": "1"}
    answer = api.client.request("GET", "/rest/asset/v1/emails.json", data=form)
    assert len(answer.json()["result"]) == 3


def test_large_responses_of_rest_are_compressed_if_accepted(api: Api) -> None:
    path = "/rest/v1/leads/describe.json"
    with api.client.stream("GET", path, headers=GZIP) as packed:
        content = b"".join(packed.iter_raw())
    plain = api.client.get(path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) == len(content) < len(plain.content)
    assert gzip.decompress(content).partition(b'"result"')[2] == plain.content.partition(b'"result"')[2]
    assert "content-encoding" not in plain.headers


@pytest.mark.parametrize("coding", ["gzip;q=0", "gzip; q=0.0, deflate", "br", "", "identity"])
def test_a_response_is_not_compressed_unless_gzip_is_accepted(api: Api, coding: str) -> None:
    answer = api.client.get("/rest/v1/leads/describe.json", headers={"Accept-Encoding": coding})
    assert "content-encoding" not in answer.headers


def test_small_and_bulk_responses_are_never_compressed(api: Api) -> None:
    small = api.client.get(f"/rest/v1/lead/{seed.ANNA}.json", headers=GZIP)
    assert "content-encoding" not in small.headers
    for _ in range(12):
        api.client.post("/bulk/v1/leads/export/create.json", json=EXPORT)
    listed = api.client.get("/bulk/v1/leads/export.json", headers=GZIP)
    assert len(listed.content) > 1024
    assert "content-encoding" not in listed.headers


def test_the_error_for_a_token_in_the_query_explains_the_setting(api: Api) -> None:
    token = api.client.headers.pop("Authorization").removeprefix("Bearer ")
    (refused,) = api.get(f"/v1/lead/{seed.ANNA}.json", access_token=token)["errors"]
    assert (refused["code"], "query_tokens" in refused["message"]) == ("603", True)
    (without,) = api.get(f"/v1/lead/{seed.ANNA}.json")["errors"]
    assert (without["code"], "query_tokens" in without["message"]) == ("603", False)


def test_members_can_be_in_the_query_of_a_json_request_without_a_body(api: Api) -> None:
    path = f"/rest/v1/lists/{seed.STATIC_LIST}/leads.json?id={seed.DAVID}&id={seed.ELIF}"
    added = api.client.post(path, headers={"Content-Type": "application/json"}).json()["result"]
    assert [row["status"] for row in added] == ["added", "added"]


def test_a_multipart_content_type_can_have_more_parameters(api: Api) -> None:
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    body = part.format("type", "Text") + part.format("value", "Hello") + "--b--\r\n"
    kind = {"Content-Type": 'multipart/form-data;charset=UTF-8; boundary="b"'}
    path = f"/rest/asset/v1/email/{seed.DRAFT_EMAIL}/content/body.json"
    assert api.client.post(path, content=body, headers=kind).json()["success"] is True


def test_the_format_of_an_import_can_be_a_part_of_the_form(api: Api) -> None:
    files = {"file": ("leads.csv", "email\nnew@example.com\n", "text/csv")}
    made = api.client.post("/bulk/v1/leads.json", data={"format": "csv"}, files=files).json()
    assert made["result"][0]["status"] == "Queued"


def test_a_paging_token_can_be_sent_with_unescaped_padding(api: Api) -> None:
    query = f"filterType=id&filterValues={seed.ANNA},{seed.BEN}&batchSize=1"
    token = raw(api, "GET", f"/rest/v1/leads.json?{query}").json()["nextPageToken"]
    assert token.endswith("=")
    rest = raw(api, "GET", f"/rest/v1/leads.json?{query}&nextPageToken={token}").json()["result"]
    assert [row["id"] for row in rest] == [seed.BEN]
