"""The operator that runs any Marketo call."""

from __future__ import annotations

from airflow_provider_mkt.operators._named_call import NamedCallOperator


class MarketoOperator(NamedCallOperator):
    """Run a Marketo call by name, with arguments checked against it before anything is sent.

    For what has no operator of its own. Calls are the functions of the modules in
    ``airflow_provider_mkt.client.marketo``, named ``<module>.<function>``.

    :param conn_id: a connection of type ``marketo``.
    :param call: e.g. ``leads.list``.
    :param arguments: the function's arguments, as JSON has them.
    :param output_path: write the result there as JSON Lines, of a call with pages the rows of all of them,
        and return their number.
    :returns: the call's result, as JSON; one too large for XCom is told to be so,
        and tokens and passwords in it are left out (``output_path`` keeps them).
    :raises AirflowFailException: on an unknown call or argument, one of a wrong type, or when nobody knows
        whether a call that must not be repeated was carried out.
    """

    platform = "marketo"
