"""The legal basis for sending email, which accounts with GDPR features require."""

from __future__ import annotations

from typing import Literal, get_args

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type

LegalBasis = Literal[
    "LEGITIMATE_INTEREST_PQL",
    "LEGITIMATE_INTEREST_CLIENT",
    "PERFORMANCE_OF_CONTRACT",
    "CONSENT_WITH_NOTICE",
    "NON_GDPR",
    "PROCESS_AND_STORE",
    "LEGITIMATE_INTEREST_OTHER",
]
_KNOWN = get_args(LegalBasis)


def legal_fields(
    call: str, legal_basis: str | None, explanation: str | None, where: str = ""
) -> dict[str, str]:
    """Return the body fields of the legal basis.

    :raises InvalidInput: when the basis is unknown, or only one of both is given.
    """
    if legal_basis is not None and legal_basis not in _KNOWN:
        field = f"{where}legal_basis"
        raise InvalidInput(
            field, f"must be one of {', '.join(_KNOWN)}, not {describe_type(legal_basis)}", call=call
        )
    if explanation is not None and (not isinstance(explanation, str) or not explanation.strip()):
        raise InvalidInput(
            f"{where}explanation", f"must be text, not {describe_type(explanation)}", call=call
        )
    if (legal_basis is None) is not (explanation is None):
        missing = "explanation" if explanation is None else "legal_basis"
        raise InvalidInput(
            f"{where}{missing}", "is missing: legal_basis and explanation must be given together", call=call
        )
    if legal_basis is None or explanation is None:
        return {}
    return {"legalBasis": legal_basis, "legalBasisExplanation": explanation}
