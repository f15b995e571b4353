"""Microsoft's MSAL, and what checks Microsoft's tokens, against the simulated Entra over HTTPS."""

import datetime
import json
import os

import jwt
import msal
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from demo import Listener, check, control, equal, expect, http, run, switched

KNOWN = control("dynamics365")
ACCOUNT, URLS = KNOWN["account"], KNOWN["urls"]
AUTHORITY = f"{URLS['login_url']}/{ACCOUNT['tenant_id']}"
ISSUER = f"{AUTHORITY}/v2.0"
CONVERSATIONS = f"{URLS['messaging_url']}/api/v1.0/consumer"


def app(secret=None, **options):
    """The app registration as MSAL knows it."""
    options = {"authority": AUTHORITY, "instance_discovery": False} | options
    secret = secret or ACCOUNT["client_secret"]
    return msal.ConfidentialClientApplication(ACCOUNT["client_id"], client_credential=secret, **options)


def token(client, scope="dataverse_scope"):
    return client.acquire_token_for_client([URLS[scope]])


def certificate():
    """A certificate that signs itself, and its key, both as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hub")])
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1))
    signed = builder.not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    key_pem = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    return signed, signed.public_bytes(encoding).decode(), key_pem.decode()


def keys_of(metadata_url):
    """The keys that a client finds from the metadata on."""
    metadata = json.loads(http(metadata_url)[1])
    return jwt.PyJWKClient(metadata["jwks_uri"])


def messaging(path, body):
    """One call of the Messaging API, for which there is no SDK."""
    bearer = token(app(), "messaging_scope")["access_token"]
    headers = {
        "authorization": f"Bearer {bearer}",
        "channel-id": ACCOUNT["channel_id"],
        "organization-id": ACCOUNT["organization_id"],
        "content-type": "application/json",
    }
    status, answer = http(f"{CONVERSATIONS}/{path}", json.dumps(body).encode(), headers)
    equal(status, 200, f"the answer to {path}")
    return json.loads(answer)


@check
def a_secret_brings_a_token_that_is_kept():
    client = app()
    first = token(client)
    equal(first.get("token_source"), "identity_provider", "where the first token comes from")
    equal(token(client)["token_source"], "cache", "where the second token comes from")
    expect(first["access_token"] != token(client, "messaging_scope")["access_token"], "one token for two resources")


@check
def the_authority_is_found_by_its_issuer():
    client = app(authority=None, oidc_authority=ISSUER)
    equal(token(client).get("token_type"), "Bearer", "the token's type")


@check
def a_wrong_secret_is_named():
    answer = token(app(secret="wrong"))
    equal((answer["error"], answer["error_codes"]), ("invalid_client", [7000215]), "the refusal")


@check
def a_certificate_of_our_own_making_signs_in_by_either_thumbprint():
    signed, pem, key_pem = certificate()
    control("dynamics365/certificates", {"pem": pem})
    by_sha256 = {"private_key": key_pem, "public_certificate": pem}
    by_sha1 = {"private_key": key_pem, "thumbprint": signed.fingerprint(hashes.SHA1()).hex()}
    for credential in (by_sha256, by_sha1):
        answer = token(app(secret=credential))
        equal(answer.get("token_source"), "identity_provider", f"the answer {answer}")


@check
def an_unknown_resource_is_named():
    answer = app().acquire_token_for_client(["https://nobody.crm4.dynamics.com/.default"])
    equal((answer["error"], answer["error_codes"]), ("invalid_resource", [500011]), "the refusal")


@check
def who_does_not_trust_the_authority_gets_nothing():
    stranger = requests.Session()
    stranger.trust_env = False
    try:
        token(app(http_client=stranger))
    except requests.exceptions.SSLError:
        return
    raise AssertionError("a certificate of a stranger was accepted")


@check
def the_webhooks_token_is_good_by_the_published_keys_and_only_then():
    listener = Listener("application/json", b"{}")
    control("dynamics365/webhook", {"url": listener.base})
    conversation = messaging("conversation/create", {"customercontext": {"customerid": f"sdk-{os.getpid()}"}})
    control("dynamics365/accept", {"conversation": conversation["conversationId"]})
    keys = keys_of(f"{ISSUER}/.well-known/openid-configuration")

    def claims(hook):
        bearer = hook.headers["authorization"].removeprefix("Bearer ")
        key = keys.get_signing_key_from_jwt(bearer)
        return jwt.decode(bearer, key, algorithms=["RS256"], audience=ACCOUNT["webhook_app_id"], issuer=ISSUER)

    accepted = listener.wait("the acceptance", lambda hook: b"AgentAccepted" in hook.body)
    equal(claims(accepted)["tid"], ACCOUNT["tenant_id"], "the tenant")
    with switched(dynamics365__webhook_token="foreign_key"):
        control("dynamics365/reply", {"conversation": conversation["conversationId"], "text": "forged"})
    forged = listener.wait("the forged reply", lambda hook: b"forged" in hook.body)
    try:
        claims(forged)
    except jwt.InvalidSignatureError:
        return
    raise AssertionError("a forged token was accepted")


run(f"msal {msal.__version__}")
