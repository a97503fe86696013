"""Enrolling leads in a nurturing campaign of the discontinued API."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.api.errors import InvalidRequest, NotFound, OutcomeUnknown
from airflow_provider_mkt.api.flow import Flow, Pause
from airflow_provider_mkt.api.hubspot import legacy
from airflow_provider_mkt.api.outcomes import Enrolled, Enrolment

_TRIES = 3
_LOOK_AFTER = 2.0


def enrol(campaign_guid: str, lead_guids: Sequence[str]) -> Flow[list[Enrolment]]:
    """Enrol leads one by one.

    The platform refuses a lead that is active in the campaign already, so after a lost answer the
    request itself is the way to look: a refusal then means that the first one had worked.

    :param campaign_guid: the nurturing campaign.
    :param lead_guids: leads, 32 hexadecimal digits each.
    :returns: one outcome per lead, in their order.
    :raises InvalidInput: when a GUID is not one; nothing has been sent then.
    """
    calls = [legacy.enrol_in_nurture(campaign_guid, guid) for guid in lead_guids]
    outcomes: list[Enrolment] = []
    for guid, call in zip(lead_guids, calls, strict=True):
        in_doubt = False
        for attempt in range(1, _TRIES + 1):
            try:
                yield call
            except NotFound as error:
                outcomes.append(Enrolment(guid, Enrolled.REJECTED, str(error.status), error.message))
            except InvalidRequest as error:
                outcome = Enrolled.ENROLLED if in_doubt else Enrolled.ALREADY
                outcomes.append(Enrolment(guid, outcome, str(error.status), error.message))
            except OutcomeUnknown as error:
                in_doubt = True
                if attempt < _TRIES:
                    yield Pause(_LOOK_AFTER, "the answer was lost; asking again shows whether it had worked")
                    continue
                outcomes.append(Enrolment(guid, Enrolled.UNKNOWN, error.code, error.message))
            else:
                outcomes.append(Enrolment(guid, Enrolled.ENROLLED))
            break
    return outcomes
