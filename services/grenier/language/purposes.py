"""What a signed link may be for (see grenier.links), and which facts stand in it: said once for those who make and who read it."""

from __future__ import annotations

# The producer's contact answers one version of a contract; good until the submission's `answer_until` (S0:23).
PRODUCER_ANSWER = "producer-answer"


def producer_answer(contract_id: str, version: int, person_id: str) -> dict[str, str]:
    return {"contract": contract_id, "version": str(version), "person": person_id}
