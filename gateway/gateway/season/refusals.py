"""What the services say about a contract, a subscription or a cheque, in people's words."""

import re
from typing import Any, TypeVar

from flask_babel import lazy_gettext

from gateway.formats import money
from gateway.forms import Form
from gateway.messages import speaks
from gateway.problems import CATALOGUE, register

Answer = TypeVar("Answer")
_ = lazy_gettext

# (pattern of the service's message, words); named groups may be used in the words.
MESSAGES: tuple[tuple[str, Any], ...] = (
    (r"Missing\.", _("À remplir.")),
    (r"When is it ordered\?", _("Il manque les périodes de commande.")),
    (r"Before the season's beginning\.|Before \w+\.", _("La fin vient après le début.")),
    (r"Names a delivery that the contract does not have\.", _("Cette date n’est pas dans le contrat.")),
    (r"Too high\.", _("C’est trop.")),
    (r"In portions of how many grams is it ordered\?", _("Un produit pesé se commande par portions : de combien de grammes ?")),
    (r"Numbers from 1 on; leave it empty for any\.", _("Des nombres à partir de 1, ou rien : toutes les quantités.")),
    (r"A local time like \"18:30\"\.", _("Une heure, par exemple 18:30.")),
    (r"At least one\.", _("Au moins un.")),
    (r"As many percentages as cheques\.", _("Autant de pourcentages que de chèques.")),
    (r"Percentages from 1 on that make 100\.", _("Des pourcentages à partir de 1, qui font 100 en tout.")),
    (r"-1 means as many as one likes\.", _("Zéro ou plus ; -1 : autant qu’on veut.")),
    (r"Not below zero\.", _("Zéro ou plus.")),
    (r"Twice the same\.", _("La même ligne y est deux fois.")),
    (r"When does it begin\?", _("Quand est la première date ?")),
    (r"Until when, or how many times \(count\)\?", _("Jusqu’à quand, ou combien de fois ?")),
    (r"Not before the beginning, and at most three years later\.", _("Après le début, et trois ans plus tard au plus.")),
    (r"A date on which there is a delivery\.", _("Une date de livraison.")),
    (r"0 is Monday, 6 is Sunday\.", _("De 0, lundi, à 6, dimanche.")),
    (r"1 to 5, or -1 for the last one of the month\.", _("De 1 à 5 ; -1 : le dernier du mois.")),
    (r"Not the name of a clause\.", _("Cette clause n’existe pas.")),
    (r"Must be after the beginning\.", _("La fin vient après le début.")),
    (r"Must not lie in the past\.", _("Pas dans le passé.")),
    (r"Too far from the season\.", _("Trop loin de la saison : au plus trois mois après sa fin.")),
    (r"Must be after the opening\.", _("La clôture vient après l’ouverture.")),
    (r"After the delivery\.", _("La clôture vient avant la livraison.")),
    (r"Only a contract of the kind ordered has order rounds\.", _("Ce contrat n’a pas de période de commande.")),
    (r"Must lie ahead\.", _("Une date à venir.")),
    (r"What is delivered\?", _("Il manque ce que l’on peut prendre : ajoutez un panier ou un produit.")),
    (r"When is it delivered\?", _("Il manque des dates de livraison.")),
    (r"What should be different\?", _("Dites ce qu’il faudrait changer.")),
    (r"Say why: everybody concerned is told\.", _("Dites pourquoi : les foyers concernés sont prévenus.")),
    (r"At least one option\.", _("Choisissez au moins un panier.")),
    (r"Not an e-mail address\.", _("Une adresse ressemble à nom@exemple.fr.")),
    (r"Somebody of the household that signs\.", _("C’est une adresse de votre propre foyer.")),
    (r"One option only\.", _("Un seul à la fois.")),
    (r"One of (?P<found>.+)\.", _("Possible : %(found)s.")),
    (r"Between (?P<least>\d+) and (?P<most>\d+).*", _("Entre %(least)s et %(most)s.")),
    (r"At most (?P<most>\d+)\.", _("Au plus %(most)s.")),
    (r"They make (?P<sum_cents>\d+) cents, (?P<due_cents>\d+) are due\.", _("Les chèques font %(sum_cents)s, %(due_cents)s sont dus.")),
    (r"Each with its amount, or none with one\.", _("Un montant pour chaque chèque, ou pour aucun.")),
    (r"Each with its date, or none with one\.", _("Une date d’encaissement pour chaque chèque, ou pour aucun.")),
    (r"Nothing is due by cheque\.", _("Rien n’est dû par chèque.")),
    (r"Entered by who looks after the contract\.", _("C’est la coordination qui enregistre des chèques déjà écrits.")),
    (r"Not in the future\.", _("Pas dans l’avenir.")),
    (r"The number that stands on the cheque\.", _("Le numéro qui est sur le chèque, en 80 signes au plus.")),
    (r"Nothing, or always the same number\.", _("Rien, ou toujours la même quantité.")),
    (r"(?P<day>\d{4}-\d\d-\d\d) makes up for another date\.", _("Le %(day)s rattrape une autre date : il ne se saute pas.")),
    (r"(?P<day>\d{4}-\d\d-\d\d) lies outside of the dates for absences\.", _("Le %(day)s est hors de la période des absences.")),
    (r".*is not a delivery of this subscription\.", _("Cette date n’est pas dans l’inscription.")),
)  # fmt: skip
_COMPILED = tuple((re.compile(pattern, re.DOTALL), words) for pattern, words in MESSAGES)

for _code, _title, _detail in (
    ("contract-not-approved", _("Le producteur n’a pas encore approuvé"), _("Un contrat s’ouvre quand le producteur a approuvé exactement cette version : envoyez-la-lui, ou enregistrez son accord sur papier.")),
    ("contract-approved", _("Déjà approuvé"), _("Le producteur a approuvé cette version : elle peut être ouverte.")),
    ("contract-opened", _("Le contrat est déjà ouvert"), _("Ses conditions ne changent plus ; une livraison peut être déplacée, annulée ou doublée.")),
    ("contract-ended", _("Le contrat est terminé"), _("La saison est finie : renouvelez-le pour la suivante.")),
    ("contract-abandoned", _("Le contrat est abandonné"), _("Recommencez un brouillon.")),
    ("contract-not-opened", _("Le contrat n’est pas ouvert"), _("Il faut d’abord l’accord du producteur, puis l’ouverture.")),
    ("contract-version-changed", _("Quelqu’un a modifié le contrat entre-temps"), _("Rouvrez la page pour voir la version %(version)s, puis recommencez.")),
    ("contract-missing", _("Ce contrat n’existe pas"), _("Vérifiez l’adresse.")),
    ("contract-exists", _("Ce contrat existe déjà"), _("Ouvrez-le dans la liste des contrats.")),
    ("deliveries-left", _("Il reste des livraisons"), _("La dernière est le %(last_on)s : le contrat se termine après elle.")),
    ("delivery-cancelled", _("Livraison annulée"), _("Cette livraison n’a plus lieu.")),
    ("delivery-not-cancelled", _("Cette livraison a lieu"), _("Seule une livraison annulée se rattrape par une autre : celle du %(on)s est prévue.")),
    ("delivery-made-up", _("Déjà rattrapée"), _("Cette livraison est rattrapée le %(on)s.")),
    ("delivery-planned-then", _("Déjà une livraison"), _("Ce contrat est livré ce jour-là à cette heure.")),
    ("delivery-needs-round", _("Un contrat sur commande"), _("Chaque livraison y suit une période de commande : dites quand elle ouvre et quand elle se clôt.")),
    ("delivery-exists", _("Cette livraison existe déjà"), _("Elle est dans le calendrier du contrat.")),
    ("delivery-missing", _("Livraison inconnue"), _("Elle n’est plus dans le contrat.")),
    ("option-missing", _("Produit inconnu"), _("Il n’est pas dans ce contrat.")),
    ("answer-not-awaited", _("Plus de réponse attendue"), _("Quelqu’un a déjà répondu, ou une autre version a été envoyée.")),
    ("answer-too-late", _("Le délai de réponse est passé"), _("Demandez un nouveau lien à la personne qui coordonne le contrat.")),
    ("link-expired", _("Ce lien n’est plus valable"), _("Son délai est passé : demandez un nouveau lien à la personne qui vous l’a envoyé.")),
    ("link-unknown", _("Ce lien n’est pas le nôtre"), _("Il est peut-être incomplet : copiez-le en entier depuis le mail.")),
    ("document-differs", _("Le document a changé"), _("Rouvrez la page pour lire le document actuel.")),
    ("absences-change-amount", _("Le nombre d’absences est fixé"), _("Il a été convenu à l’inscription et compté dans le montant : choisissez d’autres dates, autant qu’avant.")),
    ("already-subscribed", _("Déjà inscrit"), _("Ce foyer a déjà une inscription à ce contrat : ouvrez-la pour la changer.")),
    ("basket-not-composed", _("Ce panier ne se compose pas"), _("Ce contrat livre la même chose à chaque date.")),
    ("below-minimum", _("En dessous du minimum"), _("Ce contrat demande au moins %(minimum)s pour ces livraisons.")),
    ("bundle-missing", _("Remise inconnue"), _("Vérifiez l’adresse.")),
    ("campaign-closed", _("La campagne est close"), _("Ouvrez-en une autre pour recevoir des cotisations.")),
    ("campaign-not-open", _("La campagne n’est pas ouverte"), _("Vérifiez ses dates.")),
    ("campaign-missing", _("Campagne inconnue"), _("Vérifiez l’adresse.")),
    ("dues-paid-already", _("Cotisation déjà reçue"), _("Ce foyer a déjà payé pour cette période.")),
    ("cheque-missing", _("Chèque inconnu"), _("Il n’est plus dans l’échéancier de cette inscription.")),
    ("cheque-number-known", _("Ce numéro est déjà enregistré"), _("Deux chèques d’un même foyer n’ont pas le même numéro : relisez-le.")),
    ("contract-renewed", _("Déjà renouvelé"), _("Le nouveau contrat est dans la liste.")),
    ("delivery-closed", _("Trop tard pour cette date"), _("Le panier de cette livraison ne se change plus.")),
    ("link-superseded", _("Ce lien ne sert plus"), _("Une version plus récente vous a été envoyée : ouvrez le dernier courriel.")),
    ("no-delivery-left", _("Plus de livraison à venir"), _("Il n’y a plus de date à laquelle commencer.")),
    ("no-place-left", _("Plus de place"), _("Toutes les places sont prises : le foyer reste sur la liste d’attente.")),
    ("nothing-owed", _("Rien n’est dû"), _("Les chèques couvrent déjà le montant.")),
    ("nothing-to-hand-over", _("Rien à remettre"), _("Recevez d’abord les chèques.")),
    ("main-contract-missing", _("Le contrat principal d’abord"), _("Dans ce groupe, chaque foyer prend le contrat « %(contract_title)s » : inscrivez-vous d’abord à celui-là.")),
    ("requires-contract", _("Un autre contrat est nécessaire"), _("Ce contrat est réservé aux foyers inscrits à un autre : inscrivez-vous d’abord à celui-là.")),
    ("schedule-missing", _("Pas d’échéancier"), _("Confirmez d’abord l’inscription.")),
    ("sharing-not-agreed", _("L’accord de l’autre foyer manque"), _("Un foyer partage un panier quand il a dit oui : proposez-le-lui depuis votre inscription, ou faites-le noter par la coordination.")),
    ("sharing-open", _("Une proposition attend déjà sa réponse"), _("Retirez-la d’abord pour en faire une autre.")),
    ("sharing-already", _("Ce foyer partage déjà ce panier"), _("Ses tours sont sur la page de l’inscription.")),
    ("sharing-full", _("Trop de foyers pour un panier"), _("Un panier se partage entre %(most)s foyers au plus.")),
    ("sharing-missing", _("Proposition inconnue"), _("Elle a été remplacée par une autre : rechargez la page.")),
    ("sharing-answered", _("Déjà répondu"), _("Cette proposition a reçu sa réponse, ou elle a été retirée.")),
    ("sharing-over", _("Plus rien à partager"), _("Les livraisons de cette inscription sont passées, ou elle est terminée.")),
    ("sharing-signer", _("Ce foyer a signé le contrat"), _("Il garde le panier : il peut arrêter le partage avec les autres.")),
    ("sign-ups-closed", _("Les inscriptions sont closes"), _("Demandez à la coordination : elle peut encore inscrire un foyer.")),
    ("subscription-missing", _("Inscription inconnue"), _("Vérifiez l’adresse.")),
    ("subscription-not-confirmed", _("Inscription pas encore confirmée"), _("La coordination doit d’abord dire oui.")),
    ("cheque-count-not-offered", _("Ce nombre de chèques n’est pas proposé"), _("Choisissez parmi les nombres proposés.")),
    ("cheque-too-small", _("Des chèques trop petits"), _("Le plus petit ferait %(smallest)s : choisissez moins de chèques.")),
    ("calendar-too-short", _("Pas assez de dates d’encaissement"), _("Il en reste %(dates)s : choisissez moins de chèques.")),
    ("cheque-too-late", _("Encaissement trop tardif"), _("Une banque n’accepte plus ce chèque après le %(latest_on)s.")),
    ("nothing-to-replace", _("Rien à remplacer"), _("Seule une inscription confirmée de ce foyer peut être changée, une fois à la fois.")),
    ("subscription-exists", _("Inscription déjà enregistrée"), _("Elle existe avec d’autres choix : rechargez la page.")),
    ("subscription-to-confirm", _("Inscription à confirmer"), _("Confirmez-la d’abord, ou refusez-la.")),
    ("signature-of-another", _("La signature d’un autre"), _("Chacun coche pour soi. Ce qui a été signé sur papier s’enregistre comme tel.")),
    ("subscription-waiting", _("Sur la liste d’attente"), _("Le foyer n’a pas encore de place : donnez-lui-en une d’abord.")),
    ("subscription-confirmed", _("Déjà confirmée"), _("Cette inscription est confirmée : terminez-la plutôt, à la date voulue.")),
    ("subscription-declined", _("Inscription refusée ou retirée"), _("Le foyer peut s’inscrire de nouveau.")),
    ("subscription-ended", _("Inscription terminée"), _("Elle ne se change plus.")),
    ("cheque-received", _("Chèque déjà reçu"), _("Il est dans nos mains ; s’il a été mal noté, rendez-le et convenez d’un autre.")),
    ("cheque-handed-over", _("Chèque déjà remis"), _("Le producteur l’a : il se rend, mais ne se remet plus.")),
    ("cheque-returned", _("Chèque rendu"), _("Convenez d’un nouvel échéancier pour ce qui reste dû.")),
    ("cheque-expected", _("Chèque pas encore reçu"), _("Enregistrez d’abord sa réception.")),
    ("bundle-exists", _("Remise déjà enregistrée"), _("Rechargez la page pour la voir.")),
    ("campaign-exists", _("Campagne déjà ouverte"), _("Rechargez la page pour la voir.")),
):  # fmt: skip
    if _code not in CATALOGUE:
        register(_code, _title, _detail)


@speaks
def say(message: str) -> str:
    for pattern, words in _COMPILED:
        if found := pattern.fullmatch(message):
            return str(words) % {name: _shown(name, text) for name, text in found.groupdict().items()}
    return message


def _shown(name: str, text: str) -> str:
    return money(int(text)) if name.endswith("_cents") else text


def spoken(answer: Answer, form: Form) -> Answer:
    """The answer, with the service's messages about fields in the words of the pages."""
    form.errors = {
        name.removeprefix("terms."): [say(message) for message in found] for name, found in form.errors.items()
    }
    return answer
