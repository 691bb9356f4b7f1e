"""The matrix of isolation: every endpoint of the gateway with what strangers may find there.

    PUBLIC      anybody may read; the unsafe methods are tried too and change nothing
    OPEN_ACT    anybody may do it (sign in, ask to join): tested where it lives
    OWN         about the caller alone
    SHARED      the federation's common matters: signed-in people may read, strangers to the group find nothing of it
    GROUP       matters of one group (or household, or person): for strangers they do not exist
    FEDERATION  for the central team only
    DEMO        exists in demonstrations only, where everybody may be anybody
    LOCAL       for programs on the same machine

A route that stands in no row fails the test: decide what it is, then write it down here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PUBLIC, OPEN_ACT, OWN, SHARED = "public", "open act", "own", "shared"
GROUP, FEDERATION, DEMO, LOCAL = "group", "federation", "demo", "local"


@dataclass(frozen=True)
class Row:
    """`fill`: which object stands for an argument of the address, where it is not the one of that name.

    `queries` (with `{name}` filled) are tried one after the other; `common` are those that answer with what is one's own.
    """

    kind: str
    fill: Mapping[str, str] = field(default_factory=dict)
    queries: tuple[str, ...] = ("",)
    common: tuple[str, ...] = ()


def _rows(kind: str, blueprint: str, names: str, fill: Mapping[str, str] | None = None) -> dict[str, Row]:
    return {f"{blueprint}.{name}": Row(kind, fill or {}) for name in names.split()}


PAST = {"cycle_id": "past_cycle_id"}
ROUND = {"cycle_id": "round_cycle_id"}
ASKED = {"contract_id": "asked_contract_id"}
GOODS = {"delivery_id": "goods_delivery_id"}
COMMON = ("window_id={window_id}", "host_id={host_id}")

ROWS: dict[str, Row] = {
    # -- API -----------------------------------------------------------------------------------------------------
    **_rows(SHARED, "api_catalogue", "catalogue catalogues product products"),
    **_rows(FEDERATION, "api_catalogue", "change_product import_products list_product release revise_price withdraw_product"),
    **_rows(GROUP, "api_contracts", "change_settings move_duty read_group"),
    **_rows(FEDERATION, "api_contracts", "define_tiers found_group register_producer"),
    **_rows(PUBLIC, "api_contracts", "found_federation list_groups"),
    **_rows(SHARED, "api_contracts", "read_federation"),
    "api_contracts.read_names": Row(
        SHARED, queries=("person_ids={person_id}", "household_ids={household_id}", "group_ids={group_id}")
    ),
    **_rows(DEMO, "api_demo", "act_as mark_loaded move_clock read_clock state"),
    **_rows(
        GROUP,
        "api_distributions",
        "check_in choose_slot close_distribution count_stock list_cutting_sheets list_distributions list_own_distributions"
        " log_call read_absent read_cutting_sheet read_distribution read_history read_household read_inventory read_shortages"
        " read_sign_off_sheet record_shortage record_substitution record_weights sell_surplus sign_off undo_check_in"
        " undo_sign_off",
    ),
    "api_events.read": Row(OWN, queries=("limit=500", "limit=500&group={group_id}", "limit=500&type=orders.")),
    **_rows(GROUP, "api_goods", "read_movements read_pallet read_stock"),
    **_rows(GROUP, "api_goods", "preview_receipt read_delivery receive_delivery", GOODS),
    **_rows(FEDERATION, "api_goods", "dispatch_delivery prepare_pallet"),
    "api_goods.list_deliveries": Row(GROUP, queries=("group_id={group_id}",), common=COMMON),
    "api_goods.list_pallets": Row(GROUP, queries=("group_id={group_id}",), common=COMMON),
    **_rows(
        GROUP,
        "api_ledger",
        "accounts balance explain journal post_adjustment receive_dues receive_prepayment reverse_entry statement"
        " trial_balance",
    ),
    **_rows(
        GROUP,
        "api_tills",
        "close_till count_cash explain_difference open_till payments reverse_payment take_payment till tills",
    ),
    **_rows(
        GROUP,
        "api_matching",
        "announce_activity answer_invitation call_volunteers cancel_activity change_activity list_activities plan"
        " publish_minutes read_activity record_attendance record_presence sign_up withdraw",
    ),
    **_rows(GROUP, "api_agenda", "read_agenda"),
    **_rows(OWN, "api_agenda", "make_link own_agenda withdraw_link"),
    **_rows(GROUP, "api_questions", "answer ask_question publish question questions relay reminders set_reminders"),
    **_rows(OWN, "api_questions", "my_questions producer_questions"),
    **_rows(PUBLIC, "api_questions", "answer_link read_link"),
    "api_matching.attendance": Row(GROUP, queries=("subject_id={distribution_id}",)),
    **_rows(OWN, "api_matching", "my_slots"),
    **_rows(OWN, "api_me", "read"),
    **_rows(
        GROUP,
        "api_members",
        "applications change_person change_tier decide end enrol erase_person form_household grant import_households join"
        " leave members preview_erasure read_household read_person register register_person",
    ),
    **_rows(OWN, "api_members", "my_data"),
    **_rows(OPEN_ACT, "api_members", "request_membership"),
    **_rows(
        GROUP,
        "api_messages",
        "announce calls change_template log_call messages preview_template templates",
    ),
    "api_messages.preview_announcement": Row(GROUP, queries=("audience=all",)),
    **_rows(OWN, "api_messages", "my_messages set_preferences"),
    **_rows(
        GROUP,
        "api_orders",
        "cancel confirm cycle cycles discard_draft freeze history make_unavailable order orders orders_of_household"
        " over_asked save_draft shop",
    ),
    "api_orders.preview_regulation": Row(GROUP, PAST),
    "api_orders.regulate": Row(GROUP, PAST),
    **_rows(OWN, "api_orders", "my_cycles"),
    **_rows(
        GROUP,
        "api_rounds",
        "hand_over issue_statements parcels read_round record_all record_parcel remind rounds set_floor undo_hand_over",
        ROUND,
    ),
    **_rows(
        GROUP,
        "api_contract_accounts",
        "accounts anomalies balances close_settlement preview_settlement receive_prepayment remind_negative settle"
        " statement withdraw_request",
    ),
    **_rows(
        GROUP,
        "api_documents",
        "balances_file bundle_document cheques_file contract_document day_sign_off delivery_quantities delivery_sign_off"
        " hand_over_document season_sign_off settlement_letter statement_document subscription_document"
        " subscriptions_file",
    ),
    **_rows(GROUP, "api_documents", "order_form_document order_summary parcels_file", ROUND),
    **_rows(GROUP, "api_group_documents", "families_file membership_form read_clauses set_clauses"),
    **_rows(GROUP, "api_imports", "import_members_file import_subscriptions_file subscription_template"),
    **_rows(
        GROUP,
        "api_subscriptions",
        "compose_basket confirm decline end give_place list_baskets list_families list_own list_own_baskets list_subscriptions"
        " quote read_subscription register set_absences set_sharers sign signature_link withdraw",
    ),
    **_rows(
        GROUP, "api_sharing", "accept decline leave list_of_subscription list_to_answer propose read_proposal withdraw"
    ),
    **_rows(
        GROUP,
        "api_cheques",
        "acknowledge agree_schedule hand_over hand_over_list list_anomalies list_bundles list_cheques read_bundle"
        " receive_cheques receipt_link return_cheque",
    ),
    **_rows(GROUP, "api_keeping", "entrust list_days number offer read_day take_back withdraw"),
    **_rows(GROUP, "api_dues", "close_campaign list_campaigns open_campaign pay read_campaign"),
    # The token of the mail is the key: without it nothing happens.
    **_rows(PUBLIC, "api_subscriptions", "read_signature_link sign_by_link"),
    **_rows(PUBLIC, "api_cheques", "acknowledge_by_link read_receipt_link"),
    **_rows(GROUP, "api_roles", "assign_group_role group_roles revoke_group_role"),
    **_rows(FEDERATION, "api_roles", "assign_federation_role federation_roles revoke_federation_role"),
    **_rows(
        GROUP,
        "api_season",
        "abandon add answer approve cancel close_sign_ups count deliveries draft end list_contracts move open_contract propose"
        " read renew reopen_sign_ups revise submit to_renew version versions",
    ),
    # The link is the key: without it nothing happens.
    **_rows(PUBLIC, "api_season", "answer_by_link public read_link"),
    **_rows(OWN, "api_season", "of_producer"),
    **_rows(OWN, "api_stream", "follow"),
    **_rows(OPEN_ACT, "api_tokens", "make"),
    **_rows(OWN, "api_tokens", "own"),
    **_rows(GROUP, "api_tokens", "revoke"),
    **_rows(FEDERATION, "api_windows", "acknowledge schedule send"),
    **_rows(SHARED, "api_windows", "aggregation overview windows"),
    **_rows(FEDERATION, "api_windows", "supplier_order"),
    "api_windows.supplier_orders": Row(SHARED, queries=("window_id={window_id}", "host_id={host_id}")),
    **_rows(PUBLIC, "docs", "index openapi"),
    **_rows(
        GROUP,
        "api_exchange",
        "accept_taker cancel_offer change_settings collect_basket decline_taker enrol enrol_taker leave list_exchanged"
        " list_my_baskets list_offers list_takers offer_basket read_basket read_space remove_taker request_basket"
        " settle_exchange withdraw_request",
    ),
    **_rows(OWN, "api_exchange", "my_exchanges"),
    # Where to write to become a taker is told to everybody; the token of a mail is the key to all the rest.
    **_rows(
        PUBLIC,
        "api_exchange",
        "confirm_by_link leave_by_link read_basket_link read_place_link read_public_space request_by_link withdraw_by_link",
    ),
    # -- pages ---------------------------------------------------------------------------------------------------
    **_rows(OWN, "account", "index make_token my_data set_password sign_out_everywhere"),
    **_rows(GROUP, "account", "revoke_token"),
    **_rows(
        GROUP,
        "accounts",
        "adjustment dues group_entry household index negative prepayment reverse trial",
    ),
    **_rows(GROUP, "balance", "entry statement"),
    **_rows(OWN, "balance", "mine"),
    **_rows(FEDERATION, "catalogue", "edit index new product release revise withdraw"),
    **_rows(SHARED, "catalogue", "month"),
    **_rows(FEDERATION, "catalogue_import", "show"),
    **_rows(PUBLIC, "components", "index"),
    **_rows(GROUP, "contract_accounts", "entry index mine negative provision reverse settlement statement"),
    **_rows(GROUP, "contracts", "index new preview renew show versions"),
    "contract_editor.edit": Row(GROUP, {"section": "contract_section"} | ASKED),
    **_rows(GROUP, "contract_steps", "abandon add_delivery approve close end open_contract reopen submit"),
    "contract_steps.delivery": Row(GROUP, {"date_id": "delivery_id", "change": "delivery_change"}),
    **_rows(GROUP, "subscribe", "form_page paper"),
    **_rows(
        GROUP, "subscriptions", "confirm decline desk end give_place index sharers show signatures"
    ),
    # Who has subscribed is told so instead of the form.
    "subscriptions.enter": Row(GROUP, {"household_id": "other_home_id"}),
    **_rows(GROUP, "my_contracts", "absences index show sign withdraw"),
    **_rows(GROUP, "sharing", "answer propose withdraw"),
    "sharing.stop": Row(GROUP, {"household_id": "other_home_id"}),
    "my_contracts.compose": Row(GROUP, {"date_id": "delivery_id"}),
    **_rows(GROUP, "cheques", "agree bundles hand_over index receive received show"),
    # The token of the mail is the key: without it nothing happens.
    **_rows(PUBLIC, "cheques", "receipt"),
    **_rows(PUBLIC, "producer_answer", "paper show thanks"),
    **_rows(OWN, "producer_answer", "contracts"),
    **_rows(GROUP, "producer_answer", "answer", ASKED),
    **_rows(PUBLIC, "public_contracts", "show"),
    **_rows(GROUP, "member_households", "index"),
    **_rows(GROUP, "keeping", "entrust index number offer show take_back withdraw"),
    **_rows(GROUP, "dues_campaigns", "close index new pay show"),
    **_rows(GROUP, "rounds", "floor freeze index parcel parcels remind sheet show statements unavailable undo", ROUND),
    **_rows(GROUP, "cycles", "freeze index over_asked regulate show unavailable"),
    **_rows(FEDERATION, "deliveries", "dispatch index"),
    **_rows(GROUP, "deliveries", "note receive", GOODS),
    **_rows(DEMO, "demo", "clock mail mailbox move_clock sign_in_as"),
    **_rows(
        GROUP,
        "distribution",
        "absent arrive board close closing household index log_call missing sign_off surplus swap undo_sign_off weigh",
    ),
    **_rows(GROUP, "exchange", "absence enrol enrol_other index leave left offer"),
    **_rows(GROUP, "exchange_baskets", "cancel collect decline request_it settle show withdraw"),
    "exchange_baskets.accept": Row(GROUP, {"person_id": "asker_id"}),
    **_rows(OWN, "exchange_baskets", "mine"),
    **_rows(PUBLIC, "exchange_desk", "become"),
    **_rows(GROUP, "exchange_desk", "remove settings takers"),
    **_rows(PUBLIC, "exchange_help", "administration enrolment glossary"),
    **_rows(PUBLIC, "exchange_links", "basket confirm leave"),
    **_rows(FEDERATION, "federation", "found_group index producers revoke roles tiers"),
    **_rows(PUBLIC, "federation", "install"),
    **_rows(PUBLIC, "health", "live ready"),
    **_rows(LOCAL, "health", "metrics"),
    **_rows(LOCAL, "operations", "everything"),
    **_rows(FEDERATION, "operations", "index"),
    **_rows(GROUP, "households", "add_person change_tier end grant person remove_person show"),
    **_rows(GROUP, "joining", "decide decline index"),
    **_rows(OPEN_ACT, "joining", "join thanks"),
    **_rows(OPEN_ACT, "login", "ask_link open_link sent show sign_out use_link with_password"),
    **_rows(GROUP, "members", "enrol import_form import_list import_template index register"),
    **_rows(GROUP, "messages", "announce calls index log_call template templates"),
    **_rows(FEDERATION, "messages", "central_template central_templates"),
    **_rows(OWN, "messages", "choose mine"),
    # The token of the mail is the key: without it nothing happens.
    **_rows(PUBLIC, "messages", "unsubscribe"),
    **_rows(FEDERATION, "mydata", "erase"),
    **_rows(OWN, "mydata", "erase_me index"),
    **_rows(FEDERATION, "pallets", "index pallet prepare"),
    **_rows(GROUP, "papers", "contract edit import_subscriptions import_template words"),
    **_rows(GROUP, "pickup", "choose_slot index summary"),
    **_rows(PUBLIC, "public", "accessibility explain_problem index"),
    **_rows(OWN, "public", "choose_group"),
    **_rows(OPEN_ACT, "public", "choose_language"),
    **_rows(GROUP, "roles", "coordination index revoke"),
    **_rows(GROUP, "settings", "move_duty show"),
    **_rows(
        GROUP, "sheets", "count cutting cutting_list inventory labels record_weights sign_off slots"
    ),
    **_rows(GROUP, "shop", "autosave cancel counter discard history index paper proxy summary"),
    "static": Row(PUBLIC),
    **_rows(GROUP, "stock", "history index"),
    **_rows(FEDERATION, "supply", "index show"),
    **_rows(OWN, "supply", "mine"),
    **_rows(GROUP, "till", "close count explain index open_till pay report"),
    "till.reverse": Row(GROUP, {"entry_id": "payment_id"}),
    **_rows(GROUP, "agenda", "reminders show subscription_file"),
    **_rows(OWN, "agenda", "own"),
    **_rows(PUBLIC, "agenda", "contract_feed feed own_feed"),
    **_rows(GROUP, "questions", "answer index new of_producer_one publish relay show"),
    **_rows(OWN, "questions", "of_producer"),
    **_rows(PUBLIC, "questions", "by_link"),
    **_rows(
        GROUP,
        "volunteers",
        "announce answer attendance call cancel change index minutes plan presence sheet show sign_up withdraw",
    ),
    **_rows(OWN, "volunteers", "mine"),
    **_rows(SHARED, "windows", "aggregation show"),
    **_rows(FEDERATION, "windows", "index"),
    "windows.schedule": Row(FEDERATION, queries=("catalogue_id={catalogue_id}",)),
}  # fmt: skip

# Arguments of addresses that name something of a group; the others are common to all (products, duties, templates).
THINGS_OF_A_GROUP = frozenset(
    "household_id person_id other_id cycle_id order_id till_id entry_id distribution_id delivery_id pallet_id activity_id"
    " slot_id message_id application_id assignment_id membership_id contract_id request_id subscription_id cheque_id bundle_id campaign_id question_id basket_id".split()
)

# They end a person's session, or the person: attackers who go on afterwards leave them out.
LAST_ACTS = ("account.sign_out_everywhere", "account.set_password", "account.revoke_token", "api_members.erase_person", "api_tokens.revoke",
             "login.sign_out", "mydata.erase", "mydata.erase_me", "demo.sign_in_as", "demo.move_clock")  # fmt: skip
