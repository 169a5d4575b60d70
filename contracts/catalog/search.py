"""How products are searched: which fields of the search document are found, filtered, counted and sorted by.

The projector indexes by it and the query side reads by it, on either engine.
"""

from contracts.search.mapping import Kind, SearchField, SearchMapping

_SMALL_ENGLISH = "a an and as at by for from in of on or the to with"
_SMALL_SWAHILI = "cha katika kwa la na ni vya wa ya za"
_SURELY_SWAHILI = "cha kwa vya ya za"
_IN_MANY_NAMES = (
    "acetate acid calcium chloride citrate complex cream dihydrate extended extract fumarate hydrobromide hydrochloride "
    "injection magnesium maleate mesylate monohydrate nitrate oral oxide phosphate pollen potassium release sodium "
    "solution succinate sulfate sulphate suspension tablet tablets tartrate treatment with"
)
_ANY_MEDICINE = "dawa medicine medicines"

PRODUCT_SEARCH = SearchMapping(
    fields=(
        SearchField("code", Kind.KEYWORD, ("card.sku", "codes"), exact=True),
        SearchField("whole_name", Kind.KEYWORD, ("card.name",), exact=True),
        SearchField("whole_generic", Kind.KEYWORD, ("card.generic_name",), exact=True, level=2),
        SearchField("begins", Kind.PREFIX, ("card.name", "card.generic_name"), whole=True),
        SearchField("names", Kind.TEXT, ("card.name", "card.generic_name"), level=1),
        SearchField("substances", Kind.TEXT, ("substances", "also"), level=2),
        SearchField(
            "label",
            Kind.TEXT,
            (
                "card.strength",
                "card.dosage_form",
                "card.manufacturer",
                "card.legal_class",
                "routes",
                "categories",
                "pharmacological_classes",
                "plain_words",
                "codes",
                "card.sku",
            ),
            level=3,
        ),
        SearchField("description", Kind.TEXT, ("description",), level=4),
        SearchField(
            "typed",
            Kind.PREFIX,
            ("card.name", "card.generic_name", "substances", "also", "card.manufacturer", "plain_words"),
            joined=("card.name", "card.generic_name"),
        ),
        SearchField("category", Kind.KEYWORD, ("categories",), facetable=True),
        SearchField("form", Kind.KEYWORD, ("card.dosage_form",), facetable=True),
        SearchField("route", Kind.KEYWORD, ("routes",), facetable=True),
        SearchField("class", Kind.KEYWORD, ("card.legal_class",), facetable=True),
        SearchField("manufacturer", Kind.KEYWORD, ("card.manufacturer",), facetable=True),
        SearchField("name", Kind.KEYWORD, ("card.name",), sortable=True),
        SearchField("newest", Kind.DATE, ("published_at",)),
    ),
    hit=("card", "categories", "routes"),
    shown={"status": "published"},
    brief=("card.name", "card.generic_name"),
    browse="name",
    suggest=("card.name", "card.generic_name", "substances", "also"),
    unremarkable=frozenset(_IN_MANY_NAMES.split()),
    ignored={
        "en": frozenset(f"{_SMALL_ENGLISH} {_SURELY_SWAHILI} {_ANY_MEDICINE}".split()),
        "sw": frozenset(f"{_SMALL_ENGLISH} {_SMALL_SWAHILI} {_ANY_MEDICINE}".split()),
    },
)
"""The view `product_search`."""
