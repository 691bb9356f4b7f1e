"""Where commands lead: the links of the OpenAPI document, from what has been made to the routes that take it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

PDF = "=pdf"  # a value that is always the same
# What a command has made → where it can be found: {argument: where its value stands}, and the routes that take it.
# Arguments that both addresses have are passed on by themselves.
LINKS: dict[str, tuple[Mapping[str, str], tuple[str, ...]]] = {
    "api_contracts.found_group": ({"group_id": "id"}, ("api_contracts.read_group", "api_contracts.change_settings", "api_roles.group_roles")),
    "api_members.enrol": (
        {"household_id": "household_id", "membership_id": "membership_id", "person_id": "person_ids/0"},
        ("api_members.read_household", "api_members.change_tier", "api_members.end", "api_members.read_person", "api_ledger.balance"),
    ),
    "api_members.grant": ({"membership_id": "membership_id"}, ("api_members.change_tier", "api_members.end")),
    "api_members.register_person": (
        {"person_id": "id"},
        ("api_members.read_person", "api_members.change_person", "api_members.preview_erasure", "api_members.erase_person"),
    ),
    "api_members.form_household": ({"household_id": "id"}, ("api_members.read_household", "api_members.grant")),
    "api_members.request_membership": ({"application_id": "id"}, ("api_members.decide",)),
    "api_roles.assign_group_role": ({"assignment_id": "assignment_id", "person_id": "id"}, ("api_roles.revoke_group_role",)),
    "api_roles.assign_federation_role": (
        {"assignment_id": "assignment_id", "person_id": "id"}, ("api_roles.revoke_federation_role",),
    ),
    "api_tokens.make": ({"token_id": "id"}, ("api_tokens.revoke",)),
    "api_tills.open_till": (
        {"till_id": "id"},
        ("api_tills.till", "api_tills.payments", "api_tills.take_payment", "api_tills.count_cash", "api_tills.close_till"),
    ),
    "api_tills.take_payment": ({"entry_id": "entry_id"}, ("api_tills.reverse_payment", "api_ledger.explain")),
    "api_ledger.receive_prepayment": ({"entry_id": "entry_id"}, ("api_ledger.explain", "api_ledger.reverse_entry")),
    "api_ledger.receive_dues": ({"entry_id": "entry_id"}, ("api_ledger.explain", "api_ledger.reverse_entry")),
    "api_ledger.post_adjustment": ({"entry_id": "entry_id"}, ("api_ledger.explain", "api_ledger.reverse_entry")),
    "api_matching.plan": ({"activity_id": "id"}, ("api_matching.read_activity", "api_matching.call_volunteers")),
    "api_season.draft": (
        {"contract_id": "id"},
        ("api_season.read", "api_season.revise", "api_season.submit", "api_season.approve", "api_season.open_contract",
         "api_season.versions", "api_season.abandon"),
    ),
    "api_season.submit": ({"token": "token"}, ("api_season.read_link", "api_season.answer_by_link")),
    "api_season.renew": ({"contract_id": "id"}, ("api_season.read", "api_season.revise", "api_season.submit")),
    "api_orders.confirm": ({}, ("api_orders.order", "api_orders.cancel", "api_orders.shop")),
    "api_orders.save_draft": ({}, ("api_orders.shop", "api_orders.discard_draft")),
    "api_catalogue.list_product": ({}, ("api_catalogue.product", "api_catalogue.revise_price", "api_catalogue.withdraw_product")),
    "api_catalogue.release": ({}, ("api_catalogue.catalogue",)),
    "api_windows.schedule": ({}, ("api_windows.overview", "api_windows.aggregation")),
    "api_season.revise": ({}, ("api_season.read", "api_season.submit", "api_season.versions", "api_documents.contract_document")),
    "api_season.open_contract": (
        {}, ("api_season.read", "api_subscriptions.register", "api_subscriptions.quote", "api_season.close_sign_ups", "api_season.add"),
    ),
    "api_season.close_sign_ups": ({}, ("api_season.reopen_sign_ups", "api_subscriptions.list_subscriptions")),
    "api_season.end": ({}, ("api_contract_accounts.preview_settlement", "api_season.renew")),
    "api_season.add": (
        {"delivery_id": "delivery_id", "form": PDF},
        ("api_season.move", "api_season.cancel", "api_season.count", "api_subscriptions.list_baskets",
         "api_documents.delivery_sign_off"),
    ),
    "api_subscriptions.quote": ({}, ("api_subscriptions.register",)),
    "api_subscriptions.register": (
        {"subscription_id": "subscription_id"},
        ("api_subscriptions.read_subscription", "api_subscriptions.confirm", "api_subscriptions.decline",
         "api_subscriptions.withdraw", "api_subscriptions.sign", "api_subscriptions.signature_link",
         "api_subscriptions.set_sharers", "api_documents.subscription_document"),
    ),
    "api_subscriptions.confirm": (
        {}, ("api_subscriptions.read_subscription", "api_subscriptions.set_absences", "api_cheques.agree_schedule", "api_subscriptions.end"),
    ),
    "api_subscriptions.give_place": ({}, ("api_subscriptions.read_subscription", "api_subscriptions.sign")),
    "api_subscriptions.signature_link": (
        {"token": "token"}, ("api_subscriptions.read_signature_link", "api_subscriptions.sign_by_link"),
    ),
    "api_cheques.receive_cheques": ({}, ("api_cheques.list_cheques", "api_cheques.list_anomalies")),
    "api_cheques.hand_over": (
        {"bundle_id": "bundle_id", "form": PDF},
        ("api_cheques.read_bundle", "api_cheques.receipt_link", "api_cheques.acknowledge", "api_documents.bundle_document"),
    ),
    "api_cheques.receipt_link": ({"token": "token"}, ("api_cheques.read_receipt_link", "api_cheques.acknowledge_by_link")),
    "api_dues.open_campaign": ({"campaign_id": "id"}, ("api_dues.read_campaign", "api_dues.pay", "api_dues.close_campaign")),
    "api_dues.pay": (
        {"membership_id": "membership_id"}, ("api_dues.read_campaign", "api_members.change_tier", "api_members.end"),
    ),
    "api_exchange.offer_basket": (
        {"basket_id": "id"},
        ("api_exchange.read_basket", "api_exchange.request_basket", "api_exchange.accept_taker", "api_exchange.decline_taker",
         "api_exchange.cancel_offer", "api_exchange.list_my_baskets"),
    ),
    "api_exchange.request_basket": ({}, ("api_exchange.read_basket", "api_exchange.withdraw_request", "api_exchange.my_exchanges")),
    "api_exchange.accept_taker": ({}, ("api_exchange.read_basket", "api_exchange.collect_basket", "api_exchange.settle_exchange")),
    "api_exchange.enrol": ({}, ("api_exchange.list_offers", "api_exchange.leave")),
    "api_exchange.enrol_taker": ({"person_id": "person_id"}, ("api_exchange.remove_taker", "api_exchange.list_takers")),
    "api_questions.ask_question": (
        {"question_id": "id"},
        ("api_questions.question", "api_questions.answer", "api_questions.publish", "api_questions.relay"),
    ),
    "api_questions.answer": ({}, ("api_questions.question", "api_questions.publish")),
    "api_rounds.record_parcel": ({"form": PDF}, ("api_rounds.parcels", "api_rounds.hand_over", "api_documents.parcels_file")),
    "api_rounds.record_all": ({}, ("api_rounds.parcels", "api_rounds.issue_statements")),
    "api_rounds.hand_over": ({}, ("api_rounds.undo_hand_over", "api_orders.order")),
    "api_contract_accounts.receive_prepayment": ({"entry_id": "entry_id"}, ("api_contract_accounts.statement",)),
    "api_contract_accounts.settle": (
        {}, ("api_contract_accounts.accounts", "api_contract_accounts.preview_settlement", "api_contract_accounts.close_settlement"),
    ),
    "api_matching.announce_activity": ({}, ("api_matching.read_activity", "api_matching.call_volunteers")),
    "api_matching.publish_minutes": ({}, ("api_matching.read_activity",)),
    "api_orders.freeze": ({}, ("api_rounds.read_round", "api_rounds.parcels", "api_documents.order_form_document")),
}  # fmt: skip


def link(source: str, routes: Mapping[str, tuple[str, dict[str, Any]]], named: Callable[[str], str]) -> None:
    """Write the links of one command into its first good answer. `routes`: endpoint → (address, operation)."""
    found, targets = LINKS[source]
    path, operation = routes[source]
    status = next(status for status in operation["responses"] if status.startswith("2"))
    links = operation["responses"][status].setdefault("links", {})
    for target in targets:
        wanted = re.findall(r"{(\w+)}", routes[target][0])
        links[named(target)] = {
            "operationId": named(target),
            "parameters": {
                name: _where(found[name]) if name in found else f"$request.path.{name}"
                for name in wanted
                if name in found or f"{{{name}}}" in path
            },
        }


def _where(place: str) -> str:
    return place[1:] if place.startswith("=") else f"$response.body#/{place}"
