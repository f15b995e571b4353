"""Telnyx's SDK for Python against the simulated Telnyx."""

import json

import telnyx

from demo import Listener, check, control, equal, expect, run, switched

KNOWN = control("telnyx/account")
ACCOUNT = KNOWN["account"]
CUSTOMER = "+15550100063"
AWKWARD = "Grüße + 1 & 2 = 3? 100% 'so' \"sagt\" er\n👍"

listener = Listener("application/json", b"{}")
HOOK = f"{listener.base}/hook?for=python"
control("telnyx/hooks", {"url": HOOK})


def client_with(api_key):
    base_url = f"{KNOWN['api_url']}/v2"
    return telnyx.Telnyx(api_key=api_key, public_key=ACCOUNT["public_key"], base_url=base_url, max_retries=0)


client = client_with(ACCOUNT["api_key"])


def send(**wanted):
    return client.messages.send(**{"to": CUSTOMER, "from_": ACCOUNT["number"], "text": "Hello"} | wanted).data


def event(hook):
    return json.loads(hook.body)["data"]


def customer_sends(**what):
    """A customer's message, and the webhook that tells of it."""
    message = control("telnyx/message", {"from": CUSTOMER} | what)["id"]
    return listener.wait("the webhook", lambda hook: event(hook)["payload"]["id"] == message)


def told(message, kind):
    """What the profile's address hears of a message."""
    fits = lambda hook: (event(hook)["payload"]["id"], event(hook)["event_type"]) == (message, kind)
    return listener.wait(kind, fits)


def unwrap(hook):
    """The event in the SDK's words, if it thinks that the signature is right."""
    return client.webhooks.unwrap(hook.body.decode(), headers=hook.headers).data


def expect_refused(hook, what):
    try:
        unwrap(hook)
    except ValueError:
        return
    raise AssertionError(f"{what} was accepted")


def expect_bound(hook):
    """A webhook is accepted as it came, and refused with anything changed."""
    equal(unwrap(hook).id, event(hook)["id"], "the event")
    later = str(int(hook.headers["telnyx-timestamp"]) + 1)
    expect_refused(hook._replace(body=hook.body.replace(b"data", b"dada", 1)), "a changed body")
    expect_refused(hook._replace(headers=hook.headers | {"telnyx-timestamp": later}), "a changed time")
    unsigned = {name: value for name, value in hook.headers.items() if name != "telnyx-signature-ed25519"}
    expect_refused(hook._replace(headers=unsigned), "a webhook without signature")


@check
def a_message_is_sent_followed_and_read_back():
    made = send(text=AWKWARD)
    equal((made.text, made.to[0].status), (AWKWARD, "queued"), "the new message")
    told(made.id, "message.sent")
    expect_bound(told(made.id, "message.finalized"))
    read = client.messages.retrieve(made.id).data
    equal((read.text, read.to[0].status), (AWKWARD, "delivered"), "read back")


@check
def refusals_carry_the_codes_of_telnyx():
    def refusal(call):
        try:
            call()
        except telnyx.APIStatusError as error:
            return error.response.json()["errors"][0]["code"], error.status_code
        raise AssertionError("the call was not refused")

    equal(refusal(lambda: send(to="12")), ("40310", 400), "a number that is none")
    stranger = client_with("not the key").messages
    equal(refusal(lambda: stranger.retrieve("0")), ("10009", 401), "a wrong key")
    customer_sends(text="STOP")
    equal(refusal(send), ("40300", 400), "after STOP")
    customer_sends(text="START")
    equal(send().to[0].status, "queued", "after START")


@check
def signed_webhooks_are_accepted_and_changed_ones_refused():
    hook = customer_sends(text=AWKWARD, media=["image/png"])
    expect_bound(hook)
    payload = unwrap(hook).payload
    equal((payload.text, payload.from_.phone_number), (AWKWARD, CUSTOMER), "the message")


@check
def wrong_and_old_signatures_are_refused():
    control("telnyx/raw", {"text": '{"data":{"payload":{"id":"wrong"}}}', "signature": "wrong"})
    wrong = listener.wait("the webhook", lambda hook: event(hook)["payload"]["id"] == "wrong")
    expect_refused(wrong, "a wrong signature")
    with switched(telnyx__timestamp_skew_s=-600):
        old = customer_sends(text="Hello")
    expect("telnyx-signature-ed25519" in old.headers, "the old one is not signed")
    expect_refused(old, "an old webhook")


run(f"telnyx {telnyx.__version__} for Python")
