"""A/B tests of marketing emails."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.client.call import Call, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.emails._fields import READ, WRITE, Email, details
from airflow_provider_mkt.client.hubspot.parameters import text


def create_variation(email_id: str, variation_name: str) -> Call[Email]:
    """Make the B variation of an email, as a draft.

    An email has one active variation at most. A repeat whose first try got through is refused for that;
    ``get_variation`` tells what there is.

    :param email_id: the email to test.
    :param variation_name: name of the variation.
    :returns: the variation, an email of its own.
    :raises NotFound: when there is no such email.
    :raises InvalidRequest: when the email has an active variation already.
    :raises InvalidInput: without a name.

    Source: ``POST /marketing/{version}/emails/ab-test/create-variation``.
    """
    name = "email_tests.create_variation"
    params = path_params(name, email_id=email_id)
    body = {
        "contentId": dict(params)["email_id"],
        "variationName": text(name, "variation_name", variation_name),
    }
    return Call(
        name,
        Route("POST", "emails", "/ab-test/create-variation"),
        Email.model_validate,
        Replay.VERIFY,
        body=JsonBody(body),
        scopes=WRITE,
    )


def get_variation(
    email_id: str,
    *,
    archived: bool | None = None,
    included_properties: Sequence[str] = (),
    include_stats: bool = False,
    variant_stats: bool = False,
    marketing_campaign_names: bool = False,
    workflow_names: bool = False,
) -> Call[Email]:
    """Read the other email of an A/B test: the variation of a master, or the master of a variation.

    :param email_id: either of the two.
    :param archived: read it though it is archived.
    :param included_properties: fields to return, all when none is named; ``id`` always comes along.
    :param include_stats: also read the send statistics.
    :param variant_stats: also read those of the variation apart.
    :param marketing_campaign_names: also read the name of its campaign.
    :param workflow_names: also read the names of workflows that send it.
    :raises NotFound: when there is no such email, or it is in no test.

    Source: ``GET /marketing/{version}/emails/{emailId}/ab-test/get-variation``.
    """
    name = "email_tests.get_variation"
    along = details(
        name,
        archived=archived,
        included_properties=included_properties,
        include_stats=include_stats,
        variant_stats=variant_stats,
        marketing_campaign_names=marketing_campaign_names,
        workflow_names=workflow_names,
    )
    return Call(
        name,
        Route("GET", "emails", "/{emailId}/ab-test/get-variation", path_params(name, emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        query=along,
        scopes=READ,
    )
