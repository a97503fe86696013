"""Companies, which leads refer to by their external id."""

from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_mkt.sandbox.marketo.leads.values import Value

FIRST_COMPANY_ID = 501


@dataclass
class Company:
    id: int
    external_id: str
    created_at: datetime
    updated_at: datetime
    values: dict[str, Value] = field(default_factory=dict)


class CompanyStore:
    def __init__(self) -> None:
        self._companies: dict[int, Company] = {}
        self._by_key: dict[str, Company] = {}
        self._next_id = FIRST_COMPANY_ID

    def __len__(self) -> int:
        return len(self._companies)

    def get(self, company_id: object) -> Company | None:
        return self._companies.get(company_id) if isinstance(company_id, int) else None

    def by_external_id(self, key: object) -> Company | None:
        return None if key is None else self._by_key.get(str(key))

    def insert(self, external_id: str, values: dict[str, Value], now: datetime) -> Company:
        company = Company(self._next_id, external_id, now, now, values)
        self._next_id += 1
        self._companies[company.id] = self._by_key[external_id] = company
        return company

    @staticmethod
    def update(company: Company, values: dict[str, Value], now: datetime) -> None:
        company.values.update(values)
        company.updated_at = now

    def delete(self, company: Company) -> None:
        """Delete a company. Leads keep its external id."""
        del self._companies[company.id]
        del self._by_key[company.external_id]

    def all(self) -> list[Company]:
        return list(self._companies.values())
