"""What a signed link may be for (see grenier.links), and which facts stand in it: said once for those who make and who read it."""

from __future__ import annotations

# The producer's contact answers one version of a contract; good until the submission's `answer_until` (S0:23).
PRODUCER_ANSWER = "producer-answer"


def producer_answer(contract_id: str, version: int, person_id: str) -> dict[str, str]:
    return {"contract": contract_id, "version": str(version), "person": person_id}


# The basket exchange (S4): ask for a basket or give it back; leave the list (S4:75-77); say yes to having been enrolled (S4:33).
EXCHANGE_BASKET = "exchange-basket"
EXCHANGE_LEAVE = "exchange-leave"
EXCHANGE_CONFIRM = "exchange-confirm"


def exchange_basket(basket_id: str, person_id: str) -> dict[str, str]:
    return {"basket": basket_id, "person": person_id}


def exchange_place(group_id: str, person_id: str) -> dict[str, str]:
    """For leaving and for confirming: a person's place in the exchange of a group."""
    return {"group": group_id, "person": person_id}


# The producer's contact answers an eater's question without an account (S0:13).
PRODUCER_QUESTION = "producer-question"


def producer_question(question_id: str, person_id: str) -> dict[str, str]:
    return {"question": question_id, "person": person_id}


# The producer signs a household's subscription (S0:26); the producer's contact says that a bundle of contracts and cheques has come (S0:27).
SUBSCRIPTION_SIGNATURE = "subscription-signature"
BUNDLE_RECEIPT = "bundle-receipt"


def subscription_signature(subscription_id: str, person_id: str) -> dict[str, str]:
    return {"subscription": subscription_id, "person": person_id}


def bundle_receipt(bundle_id: str, person_id: str) -> dict[str, str]:
    return {"bundle": bundle_id, "person": person_id}
