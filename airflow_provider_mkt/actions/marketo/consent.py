"""Read the consent of leads."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.actions.consent import (
    CONSENT_UNKNOWN,
    NO_OPT_IN,
    OPTED_OUT,
    Consent,
    Person,
    Refusal,
)
from airflow_provider_mkt.actions.leads import StoredLead
from airflow_provider_mkt.actions.marketo.leads import read_by_key
from airflow_provider_mkt.actions.procedure import Procedure


def refusals(consent: Consent, lookup_field: str, people: Sequence[Person]) -> Procedure[dict[str, Refusal]]:
    """Find the people who may not be written to: one call for 300.

    Of several leads with one key, all must be allowed.

    :param lookup_field: the field that the keys are values of.
    :returns: why, by key. Whoever may be written to is missing.
    """
    stored = yield from read_by_key(lookup_field, [one.key for one in people], list(consent.fields))
    required = any(consent.fields.values())
    refused = {}
    for one in people:
        leads = stored.get(one.key.strip().lower(), ())
        refusal = next(filter(None, (_refusal(consent, lead) for lead in leads)), None)
        if refusal is None and not leads and required:
            refusal = Refusal(NO_OPT_IN, "there is no lead that has opted in")
        if refusal is not None:
            refused[one.key] = refusal
    return refused


def _refusal(consent: Consent, lead: StoredLead) -> Refusal | None:
    if not lead.id:
        return Refusal(CONSENT_UNKNOWN, "Marketo does not return the leads with this key")
    for name, wanted in consent.fields.items():
        value = lead.values.get(name)
        if (value is True or str(value).lower() == "true") != wanted:
            return Refusal(NO_OPT_IN if wanted else OPTED_OUT, f"{name} is {str(not wanted).lower()}")
    return None
