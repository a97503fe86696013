"""The legal basis for sending email, which accounts with GDPR features require."""

from __future__ import annotations

from typing import Literal, get_args

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import known_value, required_str

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


def legal_fields(legal_basis: object, explanation: object, prefix: str = "") -> dict[str, str]:
    """Return the body fields of the legal basis.

    :raises InvalidInput: when the basis is unknown, or only one of both is given.
    """
    basis = None if legal_basis is None else known_value(f"{prefix}legal_basis", legal_basis, _KNOWN)
    reason = None if explanation is None else required_str(f"{prefix}explanation", explanation)
    if (basis is None) is not (reason is None):
        missing = "explanation" if reason is None else "legal_basis"
        raise InvalidInput(
            f"{prefix}{missing}", "is missing: legal_basis and explanation must be given together"
        )
    if basis is None or reason is None:
        return {}
    return {"legalBasis": basis, "legalBasisExplanation": reason}
