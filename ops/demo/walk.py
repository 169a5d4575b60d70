"""The journey: what a customer and the pharmacy's people do with one medicine, over HTTP and nothing else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from ops.demo.catalogue import Star
from ops.demo.expect import document, expect
from ops.demo.screen import Screen
from ops.demo.storefront import Answer, Storefront, path_of

PRODUCTS = "/v1/catalog/products"
_SEVERAL = 100
_MOST_PAGES = 10


@dataclass(slots=True)
class Walk:
    """One walk through the shop with one product in view."""

    shop: Storefront
    screen: Screen
    star: Star
    tokens: Mapping[str, str]
    """Role → access token."""
    commands: int = 0
    """Accepted commands that it sent."""
    search_hits: int = 0
    """What the mistyped word found."""
    _last: Answer | None = None
    """The last accepted command: whatever is read later must have seen it."""

    def reinstate(self) -> None:
        """What an earlier walk withdrew goes on sale again, by a command as the law wants it."""
        answer = self._get(f"{PRODUCTS}/{self.star.sku}")
        page = document(answer)
        if page["status"] == "published":
            self._tell_page(answer, page)
            return
        self._tell_page(answer, page)
        note = "The demonstration's recall is over: the lots were checked and found good."
        body = {"sku": self.star.sku, "reinstatement": note}
        answer = self._send("publish-product", "superintendent-pharmacist", body)
        self._told("publish-product", body, answer, _accepted(answer))
        page = document(self._get(f"{PRODUCTS}/{self.star.sku}"))
        expect(
            page["status"] == "published",
            f"{self.star.sku} is still {page['status']} after its reinstatement",
        )

    def search(self) -> None:
        """Find it although it is spelt wrongly; then only in its dosage form, with the other forms counted."""
        star = self.star
        address = _address(PRODUCTS, q=star.mistyped, limit=_SEVERAL)
        following = None
        for page in range(1, _MOST_PAGES + 1):
            asked = f"{address}&{urlencode({'cursor': following})}" if following else address
            answer = self._get(asked)
            found = document(answer)
            place = _place_of(star.sku, found)
            where = "" if place is None else f", {star.sku} is number {place} on page {page}"
            self.screen.asked(f"GET {asked}", answer, _gist_of_hits(found) + where)
            following = found["next"]
            if place is not None or following is None:
                break
        self.search_hits = found["total"]
        expect(
            place is not None,
            f"{star.mistyped!r} finds {found['total']} products, but not {star.name} ({star.sku})",
        )

        address = _address(PRODUCTS, q=star.name, form=star.form, facets="form,class", limit=_SEVERAL)
        answer = self._get(address)
        found = document(answer)
        forms = ", ".join(f"{count['value']} {count['count']}" for count in found["facets"]["form"][:4])
        self.screen.asked(f"GET {address}", answer, f"{_gist_of_hits(found)}; all forms: {forms}")
        others = {hit["card"]["dosage_form"] for hit in found["hits"]} - {star.form}
        expect(found["hits"] and not others, f"asked for {star.form} only, got {others or 'nothing'}")

    def suggest(self) -> None:
        """What may the customer be typing?"""
        begun = self.star.name[:4].lower()
        address = _address("/v1/catalog/suggest", q=begun, limit=5)
        answer = self._get(address)
        suggested = [suggestion["text"] for suggestion in document(answer)["suggestions"]]
        self.screen.asked(f"GET {address}", answer, ", ".join(suggested) or "nothing")
        expect(suggested, f"nothing is suggested for {begun!r}")

    def read(self) -> None:
        """Its page, the same page when the customer comes back, its card, and the shelves of the shop."""
        address = f"{PRODUCTS}/{self.star.sku}"
        first = self._get(address)
        page = document(first)
        self._tell_page(first, page)
        etag = first.headers.get("etag", "")
        expect(etag, "the page has no ETag")
        again = self.shop.get(address, {"If-None-Match": etag})
        document(again, 304)
        self.screen.asked(
            f"GET {address}   If-None-Match: {etag}", again, "not modified, nothing is sent again"
        )

        address = f"{PRODUCTS}/{self.star.sku}/card"
        answer = self._get(address)
        card = document(answer)
        said = (card["name"], card["strength"], card["dosage_form"], card["legal_class"])
        self.screen.asked(f"GET {address}", answer, ", ".join(filter(None, said)))

        address = "/v1/catalog/categories"
        answer = self._get(address)
        shelves = _slugs(document(answer)["categories"])
        self.screen.asked(f"GET {address}", answer, f"{len(shelves)} categories")
        expect(
            self.star.category is None or self.star.category in shelves,
            f"{self.star.category} is not a category",
        )

    def revise(self) -> None:
        """An editor describes it, and reads the page back at once, at least as fresh as the command."""
        words = f"Shown in the demonstration of {datetime.now().astimezone():%d %B %Y, %H:%M:%S}."
        body = {"sku": self.star.sku, "description": {"en": words, "sw": "Imeonyeshwa katika maonyesho."}}
        key = str(uuid4())
        answer = self._send("revise-product", "content-editor", body, key)
        self._told("revise-product", body, answer, _accepted(answer))

        address = f"{PRODUCTS}/{self.star.sku}"
        read = self._get(address)
        page = document(read)
        self.screen.asked(
            f"GET {address}   Consistency-Token: {answer.token}",
            read,
            f"description: {page['description']['en']!r}",
        )
        expect(
            page["description"]["en"] == words, f"the page says {page['description']!r} after the revision"
        )

        again = self.shop.send("catalog.revise-product", body, self.tokens["content-editor"], key=key)
        document(again)
        self.screen.asked(
            f"POST {path_of('catalog.revise-product')}   the same key again", again, _accepted(again)
        )
        expect(again.json() == answer.json(), "the same command under the same key got another answer")

    def refuse(self) -> None:
        """What the catalogue will not do, and how it says so."""
        name, sku = "catalog.revise-product", self.star.sku
        wrong = {"sku": sku, "proprietary_name": "", "colour": "blue"}
        answer = self.shop.send(name, wrong, self.tokens["content-editor"], headers={"Accept-Language": "sw"})
        problem = document(answer, 422)
        fields = ", ".join(f"{error['field']} ({error['rule']})" for error in problem["errors"])
        self.screen.asked(
            f"POST {path_of(name)}   {json.dumps(wrong)}", answer, f"{problem['detail']} {fields}"
        )
        expect(
            {error["field"] for error in problem["errors"]} >= {"colour"},
            f"the wrong fields are blamed: {fields}",
        )

        name = "catalog.withdraw-product"
        body = {"sku": sku, "reason": "recalled", "note": "I should not be able to do this."}
        for who, token, status in (
            ("an editor", self.tokens["content-editor"], 403),
            ("nobody", None, 401),
        ):
            answer = self.shop.send(name, body, token)
            problem = document(answer, status)
            self.screen.asked(
                f"POST {path_of(name)}   as {who}", answer, f"{problem['code']}: {problem['detail']}"
            )

        body = {"sku": sku, "proprietary_name": self.star.name}
        answer = self.shop.send("catalog.list-product", body, self.tokens["content-editor"])
        problem = document(answer, 409)
        self.screen.asked(
            f"POST {path_of('catalog.list-product')}   once more",
            answer,
            f"{problem['code']}: {problem['detail']}",
        )

    def withdraw(self) -> None:
        """The superintendent recalls it: it is gone from search, and its page tells those who have it at home."""
        sku = self.star.sku
        address = _address(PRODUCTS, q=self.star.name, limit=_SEVERAL)
        before = document(self._get(address))["total"]
        note = "Lots X100 to X120 may be too strong. Bring the pack back; do not take what is left."
        body = {"sku": sku, "reason": "recalled", "note": note}
        answer = self._send("withdraw-product", "superintendent-pharmacist", body)
        self._told("withdraw-product", body, answer, _accepted(answer))

        read = self._get(address)
        found = document(read)
        still = _place_of(sku, found)
        self.screen.asked(
            f"GET {address}   Consistency-Token: {answer.token}",
            read,
            f"{found['total']} instead of {before}",
        )
        expect(still is None and found["total"] == before - 1, f"{sku} is still found after its withdrawal")

        read = self._get(f"{PRODUCTS}/{sku}")
        page = document(read)
        self._tell_page(read, page)
        expect(
            (page["withdrawal"] or {}).get("note") == note,
            f"the page shows {page['withdrawal']} after the recall",
        )

    def _get(self, address: str) -> Answer:
        return self.shop.get(address, {"Consistency-Token": self._last.token} if self._last else None)

    def _send(self, verb: str, role: str, body: Mapping[str, Any], key: str | None = None) -> Answer:
        answer = self.shop.send(f"catalog.{verb}", body, self.tokens[role], key=key)
        document(answer)
        self.commands += 1
        self._last = answer
        return answer

    def _told(self, verb: str, body: Mapping[str, Any], answer: Answer, gist: str) -> None:
        said = " ".join(str(value) for name, value in body.items() if name != "description")
        self.screen.asked(f"POST {path_of(f'catalog.{verb}')}   {said}", answer, gist)

    def _tell_page(self, answer: Answer, page: Mapping[str, Any]) -> None:
        said = (
            f"{page['proprietary_name']} ({page['generic_name']}), {page['manufacturer']}, {page['status']}"
        )
        if page["withdrawal"] is not None:
            said += f": {page['withdrawal']['reason']}, {page['withdrawal']['note']!r}"
        self.screen.asked(f"GET {PRODUCTS}/{self.star.sku}", answer, said)


def _address(path: str, **parameters: object) -> str:
    return f"{path}?{urlencode(parameters)}"


def _accepted(answer: Answer) -> str:
    accepted = answer.json()
    replayed = ", as before: nothing happens twice" if "idempotency-replayed" in answer.headers else ""
    return f"version {accepted['version']} at position {accepted['position']}{replayed}"


def _gist_of_hits(found: Mapping[str, Any]) -> str:
    names = dict.fromkeys(hit["card"]["name"] for hit in found["hits"][:_SEVERAL])
    return f"{found['total']} products: {', '.join(list(names)[:3])}{' …' if len(names) > 3 else ''}"  # noqa: PLR2004


def _place_of(sku: str, found: Mapping[str, Any]) -> int | None:
    """Which hit of the page it is, from 1."""
    return next((place for place, hit in enumerate(found["hits"], 1) if hit["card"]["sku"] == sku), None)


def _slugs(categories: list[dict[str, Any]]) -> set[str]:
    return {category["slug"] for category in categories}.union(
        *(_slugs(category["children"]) for category in categories)
    )
