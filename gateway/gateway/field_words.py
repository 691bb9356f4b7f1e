"""What the services say about a field, in people's words: (pattern of the message, French). The English is in the catalogue.

The libraries' own messages stand in messages.py; areas with words of their own (members, season) translate those first.
"""

from typing import Any

from flask_babel import lazy_gettext as _

_NAMED_TWICE = _("La même ligne y est deux fois.")
_NOT_HERE = _("Choisissez dans ce groupe.")
_NOT_OF_CONTRACT = _("Cela n’appartient pas à ce contrat.")
_TECHNICAL = _("Cette forme n’est pas celle attendue.")

FIELD_WORDS: tuple[tuple[str, Any], ...] = (
    # -- dates, one behind the other
    (r"Not before \w+\.|Not before from_on, and at most \d+ days later\.", _("La fin vient après le début.")),
    (r"Not before the subscription began\.|After the beginning of the subscription that it replaces\.",
     _("Pas avant le début de l’inscription.")),
    (r"After `on`, for one contract\.", _("Une date après l’autre, pour un seul contrat.")),
    (r"After starts_at, at most (?P<days>\d+) days\.", _("La fin vient après le début, au plus %(days)s jours plus tard.")),
    (r"must be after the opening", _("La clôture vient après l’ouverture.")),
    (r"must be after the closing", _("La distribution vient après la clôture.")),
    (r"must be after the start", _("La fin vient après le début.")),
    (r"More than (?P<dates>\d+) dates, or more than three years\.", _("Au plus %(dates)s dates, sur trois ans au plus.")),
    (r"an instant names its offset from UTC|neither a date, an instant nor a position",
     _("Écrivez une date et une heure avec son décalage, par exemple 2026-11-26T18:00:00Z.")),
    (r"A local time like \"20:00\"\.", _("Une heure s’écrit 20:00.")),
    (r"Not fewer than closes_days_before, at most (?P<max>\d+)\.", _("Entre la clôture et %(max)s jours avant.")),
    # -- said twice, or too much of it
    (r"The same (?:cheque|delivery|option) stands there twice\.|(?:a \w+ )?is named twice",
     _NAMED_TWICE),
    (r"is there already for this producer", _("Ce produit existe déjà chez ce producteur.")),
    (r"At most (?P<max>\d+) (?:at once|names at once|rows at once|deliveries on one sheet)\.",
     _("Au plus %(max)s à la fois.")),
    (r"At most (?P<max>\d+) slots, each with an id of its own\.", _("Au plus %(max)s créneaux, chacun le sien.")),
    (r"Pages from 1 on, of at most (?P<max>\d+) households\.", _("Des pages de %(max)s foyers au plus, à partir de 1.")),
    (r"Too long\.", _("C’est trop long.")),
    # -- who and what belongs here
    (r"Nobody of this group\.|Not a household of this group\.|Somebody of another household\.|is not a group of this host organisation",
     _NOT_HERE),
    (r"No producer of the federation or of this group\.", _("Choisissez un producteur de la fédération ou du groupe.")),
    (r"Who answers for the producer\? Somebody known in this group\.", _("Dites qui répond pour le producteur : une personne connue du groupe.")),
    (r"Not a person of this household\.", _("Choisissez une personne du foyer.")),
    (r"Not a delivery of this subscription\.", _("Cette date n’est pas dans l’inscription.")),
    (r"Not an option of this contract\.|Not a series of this contract\.|.+ is no (?:cheque|subscription) of this contract\.",
     _NOT_OF_CONTRACT),
    (r"Not delivered on .+\.", _("Cela n’est pas livré à cette date.")),
    (r"is not a contract of this group", _("Choisissez un contrat du groupe.")),
    (r"is not another contract of this group", _("Choisissez un autre contrat du groupe.")),
    (r"names a product that is not in the catalogue", _("Un de ces produits n’est pas au catalogue.")),
    (r"First the household that signs, then the others, each once\.", _("D’abord le foyer qui signe, puis les autres, une fois chacun.")),
    (r"Not roles of a group: .+\.|The role .+ is held for an? .+\.", _("Ce rôle ne se donne pas ici.")),
    (r"only to the subscribers of a contract", _("Seulement aux foyers inscrits à un contrat.")),
    (r"no order cycle has opened in this group yet", _("Aucune période de commande n’a encore ouvert dans ce groupe.")),
    # -- baskets and dues
    (r"A basket for one person names this person, and no other does\.|Needed for a basket that is for one person, and only then\.",
     _("Un panier réservé nomme la personne ; les autres n’en nomment pas.")),
    (r"Composed delivery by delivery\.", _("Cela se compose livraison par livraison.")),
    (r"The same at each delivery\.", _("La même chose à chaque livraison.")),
    (r"Nothing is chosen now: it is ordered round by round\.", _("Rien à choisir maintenant : on commande à chaque période.")),
    (r"(?P<dues>.+), or nothing\.", _("%(dues)s centimes, ou rien.")),
    (r"A slot has a task, ends after it began and needs 1 to (?P<max>\d+) hands\.",
     _("Un créneau a une tâche, finit après son début et demande de 1 à %(max)s personnes.")),
    # -- papers
    (r"More lines than fit on paper: choose fewer dates, or a spreadsheet\.",
     _("Plus de lignes qu’il n’en tient sur le papier : choisissez moins de dates, ou un tableur.")),
    (r"After `since`, at most (?P<days>\d+) days\.", _("Après le premier jour, %(days)s jours au plus.")),
    # -- goods
    (r"a difference needs its reason", _("Dites pourquoi la quantité diffère.")),
    # -- money and cheques
    (r"a cheque has a number", _("Le numéro du chèque est nécessaire.")),
    (r"must not be zero", _("Un montant différent de zéro.")),
    (r"A floor, or none: not both\.", _("Une limite, ou aucune : pas les deux.")),
    (r"Each more than nothing\.", _("Chaque montant est plus grand que zéro.")),
    (r"As many as cheques, adding up to 100\.", _("Autant que de chèques, 100 en tout.")),
    (r".+ is not a denomination in cents", _("Cette pièce ou ce billet n’existe pas.")),
    (r"cheque or cash\.", _("Par chèque ou en espèces.")),
    (r"Why is it given back\?", _("Dites pourquoi il est rendu.")),
    # -- orders, messages, signatures
    (r"paper orders are entered by those who take orders for others",
     _("Un bon papier est saisi par qui prend les commandes des autres.")),
    (r"subject and body belong together", _("Le sujet et le texte vont ensemble.")),
    (r"this template is not edited", _("Ce message ne se modifie pas.")),
    (r"unknown placeholder (?P<name>\{.+\})", _("%(name)s n’existe pas dans ce message.")),
    (r"tick or paper\.", _("Une case cochée, ou le papier.")),
    (r"Which document was signed\?", _("Dites quel document a été signé.")),
    # -- what programs get wrong
    (r"used before with another request", _("Cette clé a déjà servi à un autre envoi.")),
    (r"At most (?P<max>\d+)(?: printable)? characters\.", _("Au plus %(max)s caractères.")),
    (r"The version of the thing as a quoted number, such as \"12\"\.", _("La version entre guillemets, par exemple \"12\".")),
    (r"A UUID\.|A SHA-256 in 64 hexadecimal digits\.|A name such as contract or membership\.|A country's two letters, such as FR\.",
     _TECHNICAL),
    (r".+ is none of .+\.|give exactly one of .+|one of window_id, host_id, producer_id, contract_id is needed",
     _("Cette valeur ne convient pas.")),
)  # fmt: skip
