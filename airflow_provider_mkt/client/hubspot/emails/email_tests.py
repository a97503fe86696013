"""A/B tests of marketing emails."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call, JsonBody, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.emails._fields import READ, WRITE, Email, read_options
from airflow_provider_mkt.client.parameters import Names, PathText, Text, endpoint


@endpoint
def create_variation(email_id: PathText, variation_name: Text) -> Call[Email]:
    """Create the B variation of an email, as a draft.

    An email has at most one active variation, so a retry after a successful call is rejected;
    ``get_variation`` reads the existing one.

    :param email_id: id of the email to test.
    :param variation_name: name of the variation.
    :returns: the variation, which is an email itself.
    :raises NotFound: when the email does not exist.
    :raises InvalidRequest: when the email already has an active variation.
    :raises InvalidInput: when the name is empty.

    Source: ``POST /marketing/{version}/emails/ab-test/create-variation``.
    """
    params = path_params(email_id=email_id)
    body = {"contentId": dict(params)["email_id"], "variationName": variation_name}
    return Call(
        "email_tests.create_variation",
        Route("POST", "emails", "/ab-test/create-variation"),
        Email.model_validate,
        Replay.VERIFY,
        body=JsonBody(body),
        scopes=WRITE,
    )


@endpoint
def get_variation(
    email_id: PathText,
    *,
    archived: bool | None = None,
    included_properties: Names = (),
    include_stats: bool = False,
    variant_stats: bool = False,
    marketing_campaign_names: bool = False,
    workflow_names: bool = False,
) -> Call[Email]:
    """Read the other email of an A/B test: the variation of a master, or the master of a variation.

    :param email_id: id of either email.
    :param archived: also read an archived email.
    :param included_properties: fields to return, all when empty; ``id`` is always returned.
    :param include_stats: also read the send statistics.
    :param variant_stats: also read the statistics of each variation.
    :param marketing_campaign_names: also return the campaign's name.
    :param workflow_names: also return the names of the workflows that send the email.
    :raises NotFound: when the email does not exist, or is not in a test.

    Source: ``GET /marketing/{version}/emails/{emailId}/ab-test/get-variation``.
    """
    options = read_options(
        archived=archived,
        included_properties=included_properties,
        include_stats=include_stats,
        variant_stats=variant_stats,
        marketing_campaign_names=marketing_campaign_names,
        workflow_names=workflow_names,
    )
    return Call(
        "email_tests.get_variation",
        Route("GET", "emails", "/{emailId}/ab-test/get-variation", path_params(emailId=email_id)),
        Email.model_validate,
        Replay.SAFE,
        query=options,
        scopes=READ,
    )
