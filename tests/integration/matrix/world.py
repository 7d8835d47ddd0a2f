"""Two merchants, two shoppers, a guest and staff of every role, each with one of everything, all kept in memory.

Each request of the matrix begins from the same rows and at the same time.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from moto.ses.models import ses_backends
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from entrepot.cloud import events, http, outbox
from entrepot.contracts.events import encoded
from entrepot.contracts.permissions import GRANTS, MERCHANT_ROLES, UNENROLLED
from entrepot.kernel.clock import utc_now
from entrepot.kernel.ids import new_id
from functions.clearing.service import jobs as clearing
from functions.membership import facade, pwdlib_gateway
from functions.payments import customers, stripe_gateway
from functions.settlement import triggers
from functions.settlement.domain.destinations import Account, Through
from functions.settlement.service import destinations, filing
from tests.contract.authorisation import ANONYMOUS, APPLICATION, APPLICATION_SCOPES, NARROW_SCOPE
from tests.integration.matrix.callers import ACCOUNTS, COLUMNS, TOKENS, Caller, Names
from tests.integration.settlement.books import completed, pay, run
from tests.support import memory, pump
from tests.support.aws import in_process
from tests.support.bank import camt, camt_entry, in_base64
from tests.support.http import Answer, call
from tests.support.provider import Provider, running
from tests.support.shop import BERLIN, CONTACT, HEADPHONES, Merchant, Shop

PASSWORD: Final = "correct horse battery"
CALLBACK: Final = "https://app.example/callback"
BAG: Final[dict[str, Any]] = {
    "title": "Handbag",
    "origin_country": "IT",
    "hs_code": "420221",
    "variant": {"price": {"amount": 9900, "currency": "EUR"}, "weight_grams": 700},
}
SERVICE_SCOPES: Final = sorted(action for action, roles in GRANTS.items() if "service" in roles)


class World:
    """`callers` by name. What a request has changed is undone by `restore`."""

    def __init__(self, provider: Provider, store: memory.Memory, now: datetime) -> None:
        self.provider, self.store, self.now = provider, store, now
        self.shop = Shop()
        self._parcels = itertools.count(1)
        ours, theirs = self._merchants()
        guest, shopper, neighbour = (self._buyer(name) for name in (None, "shopper", "neighbour"))
        self._bought(guest, ours)
        self._bought(shopper, ours)
        self._bought(neighbour, theirs)
        self._settled(ours, theirs)
        shared = self._shared()
        self._tokens: dict[str, str | None] = {ANONYMOUS: None}
        self._keys(ours)
        self.callers: dict[str, Caller] = {}
        bought = {name: shopper[name] for name in ("order", "shipment")}
        for name in COLUMNS:
            own = {**shopper, **ours, **shared}
            if name == "shopper":
                pass
            elif name in ACCOUNTS:
                own |= self._buyer(name, ours)
            else:
                own |= {each: guest[each] for each in guest if each not in ("token", *TOKENS)}
            if name in ("key", "machine"):
                own |= bought
            token = self._tokens[name] if name in self._tokens else own["token"]
            opened = {each: guest[each] for each in ("cart", "order", "shipment", *TOKENS)}
            self.callers[name] = Caller(
                name,
                token,
                own | {"listed": shopper["order"]},
                {**theirs, **neighbour, "listed": neighbour["order"]},
                opened,
            )
        self._application_allowed(shopper["token"], shared)
        self.callers[APPLICATION] = replace(self.callers[APPLICATION], token=self._tokens[APPLICATION])
        pump.pump()
        self._kept, self._changes = store.kept(), store.changes

    def restore(self) -> None:
        if self.store.changes != self._changes:
            self.store.restore(self._kept)
            self._changes = self.store.changes

    def letter_to(self, address: str) -> str:
        """The code in the last letter to an address."""
        pump.pump()
        sent = ses_backends["123456789012"]["eu-central-1"].sent_messages
        text = next(m.body for m in reversed(sent) if address in m.destinations["ToAddresses"])
        found = re.search(r"\b\d{6}\b", text)
        assert found is not None, text
        return found[0]

    def _merchants(self) -> tuple[Names, Names]:
        """Each with a product on sale, a draft, one deleted, stock and an open warehouse."""
        ours = self._stocked(self.shop.merchant("CN", "EUR"), "PHONES-1", {}, "CN", "direct_mail")
        theirs = self._stocked(self.shop.merchant("IT", "EUR"), "BAG-1", BAG, "IT", "overseas")
        pump.pump()
        return ours, theirs

    def _stocked(self, owner: Merchant, sku: str, goods: dict[str, Any], country: str, mode: str) -> Names:
        product = self.shop.product(owner, sku, **dict(goods))
        self.shop.receive(owner, sku, 100, country=country, mode=mode)
        named: Names = {
            "merchant": owner.merchant_id,
            "merchant_token": owner.token,
            "sku": sku,
            "product": product,
            "product_etag": call("GET", f"/v1/products/{product}").headers["ETag"],
            "warehouse": owner.warehouses[f"{country}:{mode}"],
        }
        for name in ("draft", "deleted"):
            body = {**HEADPHONES, "variants": [{**HEADPHONES["variants"][0], "sku": f"{sku}-{name}"}]}
            made = _made(call("POST", "/v1/products", body, token=owner.token))
            named |= {name: made.json["id"], f"{name}_etag": made.headers["ETag"]}
        gone = {"If-Match": named["deleted_etag"]}
        _made(call("DELETE", f"/v1/products/{named['deleted']}", token=owner.token, headers=gone), 204)
        key = self._key(owner.token, owner.merchant_id, SERVICE_SCOPES)
        return {**named, **key}

    def _key(self, token: str, merchant_id: str, scopes: list[str]) -> Names:
        body = {"name": "ERP", "scopes": scopes}
        made = _made(call("POST", f"/v1/merchants/{merchant_id}/keys", body, token=token)).json
        secret = made["key"].rpartition(".")[2]
        return {
            "key": made["id"],
            "key_text": made["key"],
            "key_client": made["client_id"],
            "key_secret": secret,
        }

    def _keys(self, ours: Names) -> None:
        narrow = self._key(ours["merchant_token"], ours["merchant"], [NARROW_SCOPE])
        for prefix, key in (("", ours), ("narrow_", narrow)):
            form = {
                "grant_type": "client_credentials",
                "client_id": key["key_client"],
                "client_secret": key["key_secret"],
            }
            answer = form_call("/v1/oauth/token", form)
            self._tokens[f"{prefix}key"] = key["key_text"]
            self._tokens[f"{prefix}machine"] = _made(answer, 200).json["access_token"]

    def _buyer(self, name: str | None, ours: Names | None = None) -> Names:
        """Somebody with a cart and a quote for it; of whom has an account, with a session and an address too."""
        named = self._account(name, ours) if name else {"token": ""}
        token = named["token"] or None
        cart = _made(call("POST", "/v1/carts", token=token)).json
        opened = {"Cart-Token": cart["cart_token"]}
        line = {"quantity": 2}
        _made(call("PUT", f"/v1/carts/{cart['id']}/lines/PHONES-1", line, token=token, headers=opened), 200)
        body = {"cart_id": cart["id"], "ship_to": BERLIN, "currency": "EUR"}
        quote = _made(call("POST", "/v1/quotes", body, token=token, headers=opened)).json
        guest = _made(call("POST", "/v1/carts")).json
        return named | {
            "cart": cart["id"],
            "quote": quote["id"],
            "option": quote["options"][0]["id"],
            "guest_cart": guest["id"],
            "guest_cart_token": guest["cart_token"],
            **({} if name else {"cart_token": cart["cart_token"]}),
        }

    def _account(self, name: str, ours: Names | None) -> Names:
        role = {"neighbour": "shopper", UNENROLLED: "operator"}.get(name, name)
        email = f"{name}@example.com"
        merchant_id = ours["merchant"] if ours and role in MERCHANT_ROLES else None
        member = facade.seed_account(email, PASSWORD, role, merchant_id, self.now)
        with pytest.MonkeyPatch.context() as patch:
            if name == UNENROLLED:
                patch.setenv("ENTREPOT_STAFF_SECOND_FACTOR", "required")
            body = {"email": email, "password": PASSWORD}
            tokens = _made(call("POST", "/v1/sessions", body)).json
        token = tokens["access_token"]
        named = {"email": email, "member": member, "token": token, "refresh": tokens["refresh_token"]}
        if name == UNENROLLED:  # reads no more of its account than how to get a second factor
            return named
        (session,) = _made(call("GET", "/v1/me/sessions", token=token), 200).json["data"]
        address = _made(call("POST", "/v1/me/addresses", BERLIN, token=token))
        return named | {
            "session": session["id"],
            "me_etag": call("GET", "/v1/me", token=token).headers["ETag"],
            "address": address.json["id"],
            "address_etag": address.headers["ETag"],
            "card": self._card(member),
        }

    def _card(self, member: str) -> str:
        """A card that the provider keeps for a member."""
        customer = customers.ensured(member, self.now)
        path = "/v1/payment_methods/pm_card_visa/attach"
        return str(self.provider._request("POST", path, {"customer": customer})["id"])

    def _bought(self, who: Names, seller: Names) -> None:
        """An order that is paid, and one of which a unit has been shipped."""
        sku, token = seller["sku"], who["token"] or None
        placed = [self.shop.place({sku: 4}, token=token) for _ in range(2)]
        for order in placed:
            self.provider.pay(order)
        while self.provider.new_events():
            self.provider.deliver()
            pump.pump()
        owner = Merchant(seller["merchant"], seller["merchant_token"])
        shipment = self.shop.ship(owner, placed[1], {sku: 1}, f"YT{next(self._parcels):010}")
        who |= {"order": placed[0]["id"], "shipment": shipment["id"]}
        if token is None:
            who |= {
                "order_token": placed[0]["order_token"],
                "shipment_token": placed[1]["order_token"],
            }

    def _settled(self, *merchants: Names) -> None:
        """A statement and a payout of each."""
        (consumer,) = (each for each in triggers.triggers.all if each.name == "settlement_events")
        for number, names in enumerate(merchants):
            share = completed(5000, order=f"ord_{number}", merchant=names["merchant"], at=self.now)
            consumer.handle(encoded(share), self.now)
        run(self.now)
        pay(self.now)
        for names in merchants:
            for kind in ("statements", "payouts"):
                path = f"/v1/merchants/{names['merchant']}/{kind}"
                (made,) = _made(call("GET", path, token=self.shop.operator), 200).json["data"]
                names[kind.removesuffix("s")] = made["id"]

    def _filed(self) -> str:
        """A file with the payout of a merchant whom nobody here is."""
        merchant_id = new_id("mrc", self.now)
        seller = facade.Merchant(merchant_id, "Ceramiche", "IT", "EUR", 1000)
        facade.seed_merchant(seller, self.now)
        account = Account(Through.BANK, "DE89370400440532013000", "Ceramiche", "DE")
        destinations.put(merchant_id, "EUR", account, "mbr_owner", self.now)
        (consumer,) = (each for each in triggers.triggers.all if each.name == "settlement_events")
        share = completed(5000, order="ord_filed", merchant=merchant_id, at=self.now)
        consumer.handle(encoded(share), self.now)
        run(self.now)
        pay(self.now)
        (file_id,) = filing.run(self.now)
        return file_id

    def _shared(self) -> Names:
        """Things of the platform: an application, an entry of the ledger, money that nobody claims."""
        operator = self.shop.operator
        body = {"name": "Price Watch", "redirect_uris": [CALLBACK], "scopes": list(APPLICATION_SCOPES)}
        client = _made(call("POST", "/v1/oauth/clients", body, token=operator)).json
        placed = self._by_transfer()
        entries = [
            camt_entry("1.00", "who?", "B1"),
            camt_entry("0.20", "price of an entry", "B2", side="DBIT"),
        ]
        statement = {"format": "camt.053", "content": in_base64(camt(entries))}
        _made(call("POST", "/v1/bank-statements", statement, token=operator), 202)
        pump.pump()
        (work,) = _made(call("GET", "/v1/bank-statements/unmatched", token=operator), 200).json["data"]
        return {
            "client": client["client_id"],
            "client_secret": client["client_secret"],
            "work": work["id"],
            "reference": placed["payment"]["next_action"]["details"]["reference"],
            "entry": self._entry(),
            "payout_file": self._filed(),
            "break": self._break(),
            "balance": "bank",
            "currency": "EUR",
            "account": "customer_funds",
            "day": str(self.now.date()),
            "hs_code": "851830",
            "source": "aftership",
            "provider": "google",
        }

    def _entry(self) -> str:
        """An entry that may be reversed. Those of one instant stand in no order, and a page may be empty."""
        path = f"/v1/ledger/accounts/customer_funds/entries?day={self.now.date()}"
        cursor = ""
        while True:
            page = _made(call("GET", path + cursor, token=self.shop.operator), 200).json
            for entry in page["data"]:
                if entry["rule"] == "payment_captured":
                    return str(entry["id"])
            assert page["next_cursor"], "no payment was captured"
            cursor = f"&cursor={page['next_cursor']}"

    def _break(self) -> str:
        """What the bank has taken and the ledger does not know."""
        clearing.send([clearing.Job("gather", "bank", self.now.date())])
        pump.pump()
        cursor = ""
        while True:
            page = _made(call("GET", f"/v1/clearing/breaks{cursor}", token=self.shop.operator), 200).json
            for item in page["data"]:
                return str(item["id"])
            assert page["next_cursor"], "there is no break"
            cursor = f"?cursor={page['next_cursor']}"

    def _by_transfer(self) -> Any:
        quote = self.shop.quote({"PHONES-1": 1})
        body = {
            "quote_id": quote["id"],
            "option_id": quote["options"][0]["id"],
            "contact": CONTACT,
            "payment": {"method": "bank_transfer"},
        }
        return _made(call("POST", "/v1/orders", body, headers=Shop.key())).json

    def _application_allowed(self, shopper: str, shared: Names) -> None:
        verifier = generate_token(48)
        body = {
            "client_id": shared["client"],
            "redirect_uri": CALLBACK,
            "scope": " ".join(APPLICATION_SCOPES),
            "code_challenge": create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
            "approved": True,
        }
        back = _made(call("POST", "/v1/oauth/authorise", body, token=shopper), 200).json["redirect_to"]
        form = {
            "grant_type": "authorization_code",
            "client_id": shared["client"],
            "client_secret": shared["client_secret"],
            "redirect_uri": CALLBACK,
            "code": back.partition("code=")[2].partition("&")[0],
            "code_verifier": verifier,
        }
        tokens = _made(form_call("/v1/oauth/token", form), 200).json
        self._tokens[APPLICATION] = tokens["access_token"]


def form_call(path: str, form: Mapping[str, str], token: str | None = None) -> Answer:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return call("POST", path, raw=urlencode(form), token=token, headers=kind)


def _made(answer: Answer, status: int = 201) -> Answer:
    assert status == answer.status, answer.text
    return answer


@contextmanager
def furnished() -> Iterator[World]:
    """A world of its own, whose clock stands still."""
    now = utc_now()
    cheap = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),))
    with (
        pytest.MonkeyPatch.context() as patch,
        in_process(),
        memory.in_process() as store,
        running() as provider,
    ):
        patch.setattr(pwdlib_gateway, "_hasher", lambda: cheap)
        patch.setattr(outbox, "SHARDS", 1)
        patch.setattr(http, "utc_now", lambda: now)
        patch.setattr(events, "utc_now", lambda: now)
        stripe_gateway._client.cache_clear()
        yield World(provider, store, now)
    stripe_gateway.forget()
