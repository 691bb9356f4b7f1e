"""The doors of contracts-svc; each part of the service's work has a file of its own."""

from __future__ import annotations

from contracts_svc.contract.doors import ContractDoors
from contracts_svc.contract.doors_answers import AnswerDoors
from contracts_svc.contract.doors_deliveries import DeliveryDoors
from contracts_svc.contract.questions import ContractQuestions
from contracts_svc.doors_cheques import ChequeDoors
from contracts_svc.doors_dues import DuesDoors
from contracts_svc.doors_enrolment import EnrolmentDoors
from contracts_svc.doors_federation import FederationDoors
from contracts_svc.doors_people import PeopleDoors
from contracts_svc.doors_sharing import SharingDoors
from contracts_svc.doors_signing import SigningDoors
from contracts_svc.doors_subscriptions import SubscriptionDoors
from contracts_svc.exchange.doors import ExchangeDoors
from contracts_svc.keeping.doors import KeepingDoors
from contracts_svc.printed import Printed
from contracts_svc.questions_cheques import ChequeQuestions
from contracts_svc.questions_federation import FederationQuestions
from contracts_svc.questions_people import PeopleQuestions
from contracts_svc.questions_sharing import SharingQuestions
from contracts_svc.questions_subscriptions import SubscriptionQuestions
from grenier.runtime import Runtime


class Contracts(
    FederationDoors,
    PeopleDoors,
    EnrolmentDoors,
    ExchangeDoors,
    FederationQuestions,
    PeopleQuestions,
    ContractDoors,
    DeliveryDoors,
    AnswerDoors,
    ContractQuestions,
    SubscriptionDoors,
    SubscriptionQuestions,
    SigningDoors,
    SharingDoors,
    SharingQuestions,
    ChequeDoors,
    ChequeQuestions,
    DuesDoors,
    KeepingDoors,
    Printed,
):
    name = "contracts"

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
