"""The origin of a change, which its activity records."""

from typing import NamedTuple


class Origin(NamedTuple):
    source: str
    method: str
    request_id: str = ""

    def attributes(self) -> dict[str, object]:
        named = {"Source": self.source, "API Method Name": self.method, "Request Id": self.request_id}
        return {name: value for name, value in named.items() if value}
