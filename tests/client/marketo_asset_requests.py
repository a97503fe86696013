"""The requests of calls about folders, smart lists, tags, what emails say, and companies."""

from __future__ import annotations

from typing import Any, TypeAlias

from airflow_provider_mkt.client.call import Call, Replay
from airflow_provider_mkt.client.marketo.companies import companies, company_fields
from airflow_provider_mkt.client.marketo.emails import email_content
from airflow_provider_mkt.client.marketo.folders import folders
from airflow_provider_mkt.client.marketo.lists import smart_lists
from airflow_provider_mkt.client.marketo.programs import programs, tags

Pairs: TypeAlias = tuple[tuple[str, str], ...]
Request: TypeAlias = tuple[Call[Any], str, Pairs, Any, Replay, float]

SAFE, _, VERIFY, _ = Replay
PAGE = ("maxReturn", "200")
SHELF = '{"id": 5, "type": "Folder"}'
NORTH = '[{"tagType": "t", "tagValue": "North"}]'
COST = '[{"startDate": "2026-01-01", "cost": 5}]'

ASSETS: list[Request] = [
    (
        folders.list(root_id=5, root_type="Program", max_depth=0),
        "/folders.json",
        (("root", '{"id": 5, "type": "Program"}'), ("maxDepth", "0"), PAGE),
        None,
        SAFE,
        300,
    ),
    (folders.get(5, folder_type="Program"), "/folder/5.json", (("type", "Program"),), None, SAFE, 300),
    (
        folders.create("A", parent_id=5, description=""),
        "/folders.json",
        (),
        (("name", "A"), ("parent", SHELF), ("description", "")),
        VERIFY,
        300,
    ),
    (
        folders.update(5, is_archive=False),
        "/folder/5.json",
        (),
        (("isArchive", "false"), ("type", "Folder")),
        SAFE,
        300,
    ),
    (folders.delete(5), "/folder/5/delete.json", (), (("type", "Folder"),), VERIFY, 300),
    (
        smart_lists.list(folder_id=5),
        "/smartLists.json",
        (("folder", SHELF), PAGE),
        None,
        SAFE,
        300,
    ),
    (smart_lists.get(4), "/smartList/4.json", (), None, SAFE, 300),
    (
        smart_lists.get(4, include_rules=True),
        "/smartList/4.json",
        (("includeRules", "true"),),
        None,
        SAFE,
        300,
    ),
    (smart_lists.of_program(4), "/program/4/smartList.json", (), None, SAFE, 300),
    (smart_lists.of_campaign(4), "/smartCampaign/4/smartList.json", (), None, SAFE, 300),
    (smart_lists.by_name("A"), "/smartList/byName.json", (("name", "A"),), None, SAFE, 300),
    (
        smart_lists.clone(4, "B", folder_id=5),
        "/smartList/4/clone.json",
        (),
        (("name", "B"), ("folder", SHELF)),
        VERIFY,
        300,
    ),
    (smart_lists.delete(4), "/smartList/4/delete.json", (), None, VERIFY, 300),
    (tags.list(), "/tagTypes.json", (PAGE,), None, SAFE, 300),
    (tags.by_name("t"), "/tagType/byName.json", (("name", "t"),), None, SAFE, 300),
    (
        tags.programs("t", "North"),
        "/program/byTag.json",
        (("tagType", "t"), ("tagValue", "North"), PAGE),
        None,
        SAFE,
        300,
    ),
    (
        tags.set_value(4, "Track & field", "North"),
        "/program/4/tag/Track%20%26%20field.json",
        (),
        (("tagValue", "North"),),
        SAFE,
        300,
    ),
    (tags.delete(4, "t"), "/program/4/tag/t/delete.json", (), None, VERIFY, 300),
    (
        programs.create(
            "A",
            folder_id=5,
            channel="c",
            tags=[{"tagType": "t", "tagValue": "North"}],
            costs=[{"startDate": "2026-01-01", "cost": 5}],
        ),
        "/programs.json",
        (),
        (
            ("name", "A"),
            ("folder", SHELF),
            ("type", "program"),
            ("channel", "c"),
            ("tags", NORTH),
            ("costs", COST),
        ),
        VERIFY,
        300,
    ),
    (
        email_content.sections(3, status="draft"),
        "/email/3/content.json",
        (("status", "draft"),),
        None,
        SAFE,
        300,
    ),
    (
        email_content.update_section(3, "body", "<p>A</p>", text_value="A"),
        "/email/3/content/body.json",
        (),
        (("type", "Text"), ("value", "<p>A</p>"), ("textValue", "A")),
        SAFE,
        300,
    ),
    (
        email_content.preview(3, lead_id=7, content_type="Text"),
        "/email/3/fullContent.json",
        (("leadId", "7"), ("type", "Text")),
        None,
        SAFE,
        300,
    ),
    (email_content.variables(3), "/email/3/variables.json", (), None, SAFE, 300),
    (
        email_content.set_variable(3, "colour", "", module_id="hero"),
        "/email/3/variable/colour.json",
        (),
        (("value", ""), ("moduleId", "hero")),
        SAFE,
        300,
    ),
    (email_content.cc_fields(), "/email/ccFields.json", (), None, SAFE, 300),
    (
        companies.delete([{"id": 7}], delete_by="idField"),
        "/companies/delete.json",
        (),
        {"deleteBy": "idField", "input": [{"id": 7}]},
        SAFE,
        60,
    ),
    (company_fields.get("industry"), "/companies/schema/fields/industry.json", (), None, SAFE, 30),
    (
        company_fields.list(batch_size=9),
        "/companies/schema/fields.json",
        (("batchSize", "9"),),
        None,
        SAFE,
        30,
    ),
]
