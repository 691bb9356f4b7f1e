"""Invented people with ordinary names; the same seed gives the same people. Addresses and phones belong to nobody."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field

FIRST_NAMES = (
    "Adèle Agathe Aïcha Alain Alice Amina Anaïs André Antoine Armelle Aurélie Benoît Bernadette Brahim Camille Carine Cécile"
    " Chantal Christophe Claire Colette Damien Delphine Denis Dominique Élodie Émile Esther Fabien Fatima Fernand Florence"
    " Françoise Gaël Geneviève Gérard Guillaume Hakim Hélène Henri Hugo Inès Irène Isabelle Jamila Jérôme Joëlle José Julie"
    " Karim Laetitia Laurent Léa Léonie Lucas Lucie Maëlle Malika Manon Marcel Margot Marion Mathilde Maud Mehdi Mireille"
    " Monique Mounir Nadège Nadia Nathalie Nicolas Noé Nora Odile Olivier Pascale Patrick Paul Pauline Quentin Rachid Régine"
    " Rémi Roland Rose Sabrina Samir Sandrine Sarah Sébastien Simone Solène Sophie Stéphane Suzanne Sylvie Théo Thierry"
    " Valérie Véronique Viviane Xavier Yasmine Yves Zoé"
).split()
LAST_NAMES = (
    "Achard Allègre Amrani Arnaud Aubert Bachelard Barbier Belkacem Benali Bertholon Blanchard Bonnefoy Bouchet Boyer Brossard"
    " Brunel Cellier Chabanne Chambon Chapuis Charra Chazal Clavel Colombet Courbon Dancert Defour Delorme Deville Diallo Dubois"
    " Durand Escoffier Fauvet Faure Ferreira Fontvieille Fournel Gagnaire Garnier Giraudet Gonzalez Gouttefarde Grange Haddad"
    " Jacquemond Joubert Jullien Kaya Khelifi Lacroix Lafay Lopes Mansouri Marcoux Martin Massardier Mazenod Merle Michalon"
    " Montagny Moreau Moulin Nguyen Oriol Ouchène Paret Pascal Patouillard Perrin Peyrard Philibert Pinatel Ploton Poncet Rascle"
    " Ravel Reynaud Rivoire Robert Roche Rossi Roux Sabot Saïdi Sanchez Seguin Souchon Tardy Thévenet Thiollier Toussaint Valla"
    " Verney Vialleton Villemagne Yilmaz Zerbib"
).split()


@dataclass(frozen=True)
class Person:
    first_name: str
    last_name: str
    email: str
    phone: str
    digital: bool = True
    roles: tuple[str, ...] = ()

    def payload(self) -> dict[str, object]:
        body: dict[str, object] = {
            "first_name": self.first_name,
            "last_name": self.last_name,
            "phone": self.phone,
            "digital": self.digital,
        }
        if self.email:
            body["email"] = self.email
        return body


@dataclass
class Crowd:
    """Draws people; no address and no phone number comes twice."""

    seed: int
    domain: str = "exemple.fr"
    _taken: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def person(self, last_name: str = "", *, digital: bool = True) -> Person:
        first, last = self.random.choice(FIRST_NAMES), last_name or self.random.choice(LAST_NAMES)
        name = plain(f"{first}.{last}")
        email = f"{name}@{self.domain}"
        number = 2
        while email in self._taken:
            email, number = f"{name}{number}@{self.domain}", number + 1
        self._taken.add(email)
        return Person(first, last, email if digital else "", self.phone(), digital)

    def phone(self) -> str:
        """A number of the block that France keeps for fiction (04 65 71 …)."""
        while True:
            phone = f"04 65 71 {self.random.randrange(100):02d} {self.random.randrange(100):02d}"
            if phone not in self._taken:
                self._taken.add(phone)
                return phone

    def household(self, *, digital: bool = True) -> list[Person]:
        """One to three people; most share a name."""
        first = self.person(digital=digital)
        others = self.random.choices([0, 1, 2], [5, 4, 1])[0] if digital else 0
        return [first, *(self.person(first.last_name if self.random.random() < 0.7 else "") for _ in range(others))]


def plain(text: str) -> str:
    """Élodie.Gagnaire -> elodie.gagnaire."""
    return "".join(letter for letter in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(letter))
