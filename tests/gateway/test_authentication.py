"""Only somebody with a token of ours gets to a command, and only as far as the role goes."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from contracts.errors import NotAllowed, NotSignedIn
from gateway.authentication import Tokens
from gateway.keys import WrongKey, key_id, public_keys
from tests.gateway.conftest import AUDIENCE, ISSUER, KEY, Opens, bearer, token, tokens

COMMAND = "/v1/catalog/list-product"
STRANGER = Ed25519PrivateKey.generate()


def _unsigned() -> str:
    claims = jwt.decode(token(), options={"verify_signature": False})
    parts = ({"alg": "none", "typ": "JWT", "kid": key_id(KEY.public_key())}, claims)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + "."
    )


def _signed_with_the_public_key() -> str:
    """The classic confusion: our public key, which everybody knows, used as an HMAC secret."""
    secret = base64.urlsafe_b64encode(KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    return token(key=secret, algorithm="HS256")


def _with_another_body() -> str:
    head, _, signature = token("customer").split(".")
    return ".".join((head, token("administrator").split(".")[1], signature))


BAD: dict[str, Any] = {
    "nothing": "",
    "only the scheme": "Bearer",
    "another scheme": "Basic YTpi",
    "garbage": "Bearer garbage",
    "three garbage parts": "Bearer a.b.c",
    "not text": b"Bearer \xff\xfe\xff",
    "no signature": lambda: f"Bearer {_unsigned()}",
    "HS256 with the public key": lambda: f"Bearer {_signed_with_the_public_key()}",
    "another key of the same name": lambda: f"Bearer {token(key=STRANGER)}",
    "a key nobody knows": lambda: f"Bearer {token(key=STRANGER, header={'kid': 'who?'})}",
    "no key id": lambda: f"Bearer {token(header={})}",
    "RSA": lambda: f"Bearer {token(key=generate_private_key(65537, 2048), algorithm='RS256')}",
    "claims of another token": lambda: f"Bearer {_with_another_body()}",
    "expired": lambda: f"Bearer {token(exp=int(time.time()) - 60)}",
    "issued tomorrow": lambda: f"Bearer {token(iat=int(time.time()) + 86_400)}",
    "for another audience": lambda: f"Bearer {token(aud='somebody-else')}",
    "for several audiences": lambda: f"Bearer {token(aud=[AUDIENCE, 'somebody-else'])}",
    "from another issuer": lambda: f"Bearer {token(iss='evil.example')}",
    "without an end": lambda: f"Bearer {token(exp=None)}",
    "without a subject": lambda: f"Bearer {token(sub=None)}",
    "with a blank subject": lambda: f"Bearer {token(sub='  ')}",
    "without a role": lambda: f"Bearer {token(role=None)}",
    "with a list of roles": lambda: f"Bearer {token(role=['administrator'])}",
    "oversized": lambda: f"Bearer {token(padding='x' * 5_000)}",
}


@pytest.mark.parametrize("what", BAD)
async def test_a_bad_token_is_refused_and_nothing_is_said_about_why(open_edge: Opens, what: str) -> None:
    edge = await open_edge()
    shown = BAD[what]() if callable(BAD[what]) else BAD[what]
    answer = await edge.post(COMMAND, {}, Authorization=shown)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "auth.required"
    assert "errors" not in answer.json()


async def test_without_a_token_nobody_learns_whether_the_body_was_right(open_edge: Opens) -> None:
    edge = await open_edge()
    assert (await edge.client.post(COMMAND, content=b"\xff")).status_code == 401


@pytest.mark.parametrize("role", ["customer", "auditor", "warehouse", "no-such-role"])
async def test_a_role_without_the_permission_is_refused(open_edge: Opens, role: str) -> None:
    edge = await open_edge()
    answer = await edge.post(COMMAND, {}, **bearer(role))
    assert answer.status_code == 403
    assert answer.json()["code"] == "auth.forbidden"


def test_a_remembered_token_still_expires() -> None:
    now = time.time()
    verifier = Tokens(
        {key_id(KEY.public_key()): KEY.public_key()}, issuer=ISSUER, audience=AUDIENCE, clock=lambda: now
    )
    shown = f"Bearer {token(exp=int(now) + 60)}".encode()
    verifier.identify(shown)
    now += 59
    verifier.identify(shown)
    now += 61
    with pytest.raises(NotSignedIn):
        verifier.identify(shown)


def test_an_identity_holds_what_its_role_holds_and_no_more() -> None:
    identity = tokens().identify(f"Bearer {token('pharmacist')}".encode())
    identity.must_hold("catalog.classify")
    with pytest.raises(NotAllowed):
        identity.must_hold("catalog.publish")


def test_a_new_key_may_stand_beside_the_old_one() -> None:
    pem = b"".join(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        for key in (KEY, STRANGER)
    )
    keys = public_keys(pem)
    verifier = Tokens(keys, issuer=ISSUER, audience=AUDIENCE)
    for key in (KEY, STRANGER):
        shown = token(key=key, header={"kid": key_id(key.public_key())})
        assert verifier.identify(f"Bearer {shown}".encode()).role == "administrator"


@pytest.mark.parametrize("kind", ["rsa", "nothing", "garbage"])
def test_a_file_without_an_ed25519_key_is_refused(kind: str) -> None:
    rsa = generate_private_key(65537, 2048).public_key()
    files = {
        "rsa": rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "nothing": b"",
        "garbage": b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    }
    with pytest.raises(WrongKey):
        public_keys(files[kind])
