def test_the_import_writes_two_leads_and_mails_nobody(run_dag, mkt_accounts):
    result = run_dag("dags/first.py")
    assert result.state == "success", result.log
    assert result.returned["write"]["created"] == 2
    assert mkt_accounts.person("hubspot", "mia@example.com")["firstname"] == "Mia"
    assert mkt_accounts.mail("hubspot") == []


def test_a_lost_answer_writes_nobody_twice(run_dag, mkt_accounts):
    mkt_accounts.fail("hubspot", 502, "*/batch/upsert", lose_answer=True)
    assert run_dag("dags/first.py").returned["write"]["rejected"] == 1
    assert mkt_accounts.calls("hubspot", "*/batch/upsert") == 2
