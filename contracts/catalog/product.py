"""What a product is made of, in the words of the label, the register and the law."""

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from contracts.ids import Sku
from contracts.message import Value
from contracts.text import Plain, Prose, Text

_AMOUNT_PATTERN = r"^(?:([1-9][0-9]{0,11})(?:\.([0-9]{1,12}))?|0?\.([0-9]{0,11}[1-9][0-9]{0,11}))$"
_AMOUNT = re.compile(_AMOUNT_PATTERN)


def _exact(amount: str) -> str:
    parts = _AMOUNT.fullmatch(amount)
    if parts is None:
        rule = "exact_amount"
        message = "must be an exact decimal number above zero, such as 500 or 0.75"
        raise PydanticCustomError(rule, message)
    whole, fraction, fraction_alone = parts.groups(default="")
    if not whole:
        return f"0.{fraction_alone.rstrip('0')}"
    return f"{whole}.{fraction.rstrip('0')}".rstrip(".") if fraction else whole


Amount = Annotated[
    str,
    AfterValidator(_exact),
    WithJsonSchema({"type": "string", "pattern": _AMOUNT_PATTERN, "examples": ["500", "0.75"]}),
]
"""An exact decimal number above zero, as text. Kept as safe labelling asks: a zero before a leading point
(0.75, never .75, which is read as 75) and none trailing (5, never 5.0, which is read as 50)."""

Name = Annotated[str, Plain(512)]
"""The longest names are those of combinations and allergen extracts."""


class Ingredient(Value):
    """One active substance, with its strength where one is stated."""

    name: Text
    amount: Amount | None = None
    unit: Annotated[str, Plain(60)] | None = None
    """What the amount counts, and in how much: `mg` (a tablet), `mg/5mL` (a syrup)."""

    @model_validator(mode="after")
    def _amount_has_its_unit(self) -> Self:
        if (self.amount is None) != (self.unit is None):
            rule = "strength_incomplete"
            message = "a strength needs both its amount and its unit, or neither"
            raise PydanticCustomError(rule, message)
        return self


class Pack(Value):
    """What one buys at a time: 100 tablets, or 60 mL of syrup."""

    size: Amount
    unit: Annotated[str, Plain(60)]
    text: Text | None = None
    """The pack as its label says it: `10 x 10 blister`."""


IdentifierScheme = Literal["ndc", "gtin", "ppb", "atc", "rxcui"]
"""`ndc` US National Drug Code; `gtin` the bar code (GS1); `ppb` registration number of Kenya's Pharmacy and
Poisons Board; `atc` the WHO's anatomical therapeutic chemical code; `rxcui` RxNorm."""

_IDENTIFIER_FORMS = {
    "ndc": (r"[0-9]{4,5}-[0-9]{3,4}(-[0-9]{1,2})?", "labeler-product[-package], such as 0002-1433-80"),
    "gtin": (r"[0-9]{8}|[0-9]{12,14}", "8, 12, 13 or 14 digits"),
    "ppb": (r"[A-Za-z0-9][A-Za-z0-9/.-]{2,39}", "3 to 40 letters, digits, slashes, dots and hyphens"),
    "atc": (r"[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?", "one to five levels, such as N02BE01"),
    "rxcui": (r"[1-9][0-9]{0,8}", "up to 9 digits"),
}
"""Scheme → what its numbers look like, as a pattern and in words."""


class Identifier(Value):
    """A number by which others know the product."""

    scheme: IdentifierScheme
    value: Annotated[str, Plain(40)]

    @model_validator(mode="after")
    def _well_formed(self) -> Self:
        form, words = _IDENTIFIER_FORMS[self.scheme]
        if not re.fullmatch(form, self.value):
            rule, message = "identifier_form", "a {scheme} must be {words}"
            raise PydanticCustomError(rule, message, {"scheme": self.scheme, "words": words})
        if self.scheme == "gtin" and not _check_digit_holds(self.value):
            rule, message = "gtin_check_digit", "the check digit of this GTIN is wrong: a digit was mistyped"
            raise PydanticCustomError(rule, message)
        return self


def _check_digit_holds(gtin: str) -> bool:
    """GS1 General Specifications 7.9: from the right, digits weigh 1, 3, 1, 3 …, and sum to a multiple of 10."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(gtin))) % 10 == 0


class Bilingual(Value):
    """Words in English, in Swahili, or in both; at least one of them."""

    en: Prose | None = None
    sw: Prose | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.en is None and self.sw is None:
            rule, message = "no_language", "give it in English (en), Swahili (sw) or both"
            raise PydanticCustomError(rule, message)
        return self


class CategoryNames(Value):
    """What a category is called. Without a Swahili name the English one is shown."""

    en: Text
    sw: Text | None = None


class AltText(Value):
    """What a picture shows, for those who cannot see it."""

    en: Text
    sw: Text | None = None


def _secure_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        secure = False
    if not secure or not url.isascii() or " " in url:
        rule = "https_address"
        message = "must be an https:// address of plain characters, without a user or password"
        raise PydanticCustomError(rule, message)
    return url


class Image(Value):
    """A picture of the product or its pack."""

    url: Annotated[str, Plain(2_000), AfterValidator(_secure_address)]
    """An `https://` address; the pharmacy never shows pictures over an open line."""
    alt: AltText


class LegalClass(StrEnum):
    """Who may be sold it, and on what: from any shelf to a controlled drug's register."""

    GENERAL_SALE = "general-sale"
    """Any shop may sell it."""
    PHARMACY_ONLY = "pharmacy-only"
    """Sold without a prescription, under a pharmacist's eyes."""
    PRESCRIPTION_ONLY = "prescription-only"
    """Dispensed against a prescription."""
    CONTROLLED = "controlled"
    """A narcotic or psychotropic: prescription, identity and register."""


Schedule = Literal["CII", "CIII", "CIV", "CV", "narcotic", "psychotropic"]
"""Of a controlled product: `narcotic` and `psychotropic` are the first and second schedule of Kenya's Narcotic
Drugs and Psychotropic Substances (Control) Act; CII to CV are those of the US Controlled Substances Act, as
imported files state them. CI has no medical use and cannot be listed."""


class WithdrawalReason(StrEnum):
    """Why a product is no longer on sale, the gravest last."""

    DISCONTINUED = "discontinued"
    """No longer made or stocked. Whoever has it may use it."""
    SUSPENDED_BY_REGULATOR = "suspended-by-regulator"
    """The regulator halted its sale; the grounds are still open."""
    RECALLED = "recalled"
    """To be taken back from customers: it may harm."""

    @property
    def gravity(self) -> int:
        """Grows from discontinued to recalled."""
        return list(WithdrawalReason).index(self)


def _all_different(values: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(values) > 1 and len(set(values)) < len(values):
        rule, message = "repeated", "names the same thing twice"
        raise PydanticCustomError(rule, message)
    return values


AllDifferent = AfterValidator(_all_different)

Ingredients = Annotated[tuple[Ingredient, ...], Field(max_length=250)]
Routes = Annotated[tuple[Text, ...], Field(max_length=20), AllDifferent]
PharmacologicalClasses = Annotated[tuple[Text, ...], Field(max_length=150), AllDifferent]
Identifiers = Annotated[tuple[Identifier, ...], Field(max_length=20), AllDifferent]
Images = Annotated[tuple[Image, ...], Field(max_length=20)]


class Details(Value):
    """A product as its label and leaflet describe it: what is listed, revised and shown."""

    sku: Sku
    proprietary_name: Name
    """The name on the pack. An unbranded product repeats its generic name here."""
    generic_name: Name | None = None
    """The international non-proprietary name (INN) of what is in it."""
    ingredients: Ingredients = ()
    no_ingredients_because: Text | None = None
    """Why no active substance is named: a kit, a thermometer. Never together with ingredients."""
    dosage_form: Text | None = None
    """`TABLET, FILM COATED`, `SYRUP`."""
    routes: Routes = ()
    """How it enters the body: `ORAL`, `TOPICAL`."""
    pack: Pack | None = None
    manufacturer: Text | None = None
    """Who answers for it: the name on the label, and whom a recall concerns."""
    pharmacological_classes: PharmacologicalClasses = ()
    """What it does in the body; a bracketed kind tells established classes [EPC] from mechanisms [MoA]."""
    identifiers: Identifiers = ()
    images: Images = ()
    description: Bilingual | None = None

    @model_validator(mode="after")
    def _ingredients_or_a_reason(self) -> Self:
        if self.ingredients and self.no_ingredients_because is not None:
            rule = "ingredients_contradict"
            message = "ingredients and a reason for having none exclude each other"
            raise PydanticCustomError(rule, message)
        return self


OPTIONAL_DETAILS = tuple(name for name in Details.model_fields if name not in {"sku", "proprietary_name"})
"""The details that a revision may clear."""
