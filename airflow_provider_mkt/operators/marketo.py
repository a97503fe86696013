"""The operator that runs any Marketo call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.operators._named_call import NamedCallOperator

if TYPE_CHECKING:
    from collections.abc import Mapping


class MarketoOperator(NamedCallOperator):
    """Run a Marketo call by name. Its arguments are checked before anything is sent.

    For calls that have no operator of their own. Calls are the functions of the modules in
    ``airflow_provider_mkt.client.marketo``, named ``<module>.<function>``. ``raw`` runs a request that has no
    name: see :func:`airflow_provider_mkt.client.marketo.raw`.

    :param conn_id: a connection of type ``marketo``.
    :param call: name of the call, e.g. ``leads.list``.
    :param arguments: arguments of the function, as JSON has them.
    :param output_path: write the result to this file as JSON Lines (``.jsonl``, or with ``.gz`` or ``.zst``),
        and return the number of rows.
    :param single_page: for a call with pages, return one page as :class:`.PageOutcome`. Its ``next`` has the
        arguments of the next page, such as ``{"next_page_token": "..."}``.
    :returns: the call's result as JSON; of a call with pages the rows of all pages, from the cursor in
        ``arguments`` on. Tokens and passwords in it are masked. A result without pages that is too large for
        XCom is replaced by its size; ``output_path`` keeps both.
    :raises AirflowFailException: on an unknown call or argument, an argument of a wrong type, when the rows
        of all pages are too large for XCom (48,000 characters of JSON) and there is no ``output_path``, or
        when it is unknown whether the platform ran a call that is not safe to repeat.
    """

    platform = "marketo"

    def __init__(
        self,
        *,
        conn_id: str,
        call: str,
        arguments: Mapping[str, object] | str | None = None,
        output_path: str | None = None,
        single_page: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            call=call,
            arguments=arguments,
            output_path=output_path,
            single_page=single_page,
            **kwargs,
        )
