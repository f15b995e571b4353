"""Twilio's SDK for Python against the simulated Twilio, and against the hub's hooks."""

import datetime
import json
import urllib.parse
import uuid

import twilio
from twilio.base.exceptions import TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import (
    SIGNATURE_HEADER,
    SIGNATURE_SETTINGS_HEADER,
    RequestValidator,
    get_signature_algorithm,
)
from twilio.rest import Client
from twilio.rest.content.v1.content import ContentList
from twilio.rest.content.v1.content.approval_create import ApprovalCreateList
from twilio.rest.messaging.v2.channels_sender import ChannelsSenderList

from demo import READY, Listener, Skipped, api, becomes, check, control, equal, expect, http, run, switched

KNOWN = control("twilio/account")
ACCOUNT = KNOWN["account"]
URLS = KNOWN["urls"]
CUSTOMER = "+15550100061"
# Whatever encodings and signatures may stumble over.
AWKWARD = "Grüße + 1 & 2 = 3? 100% 'so' \"sagt\" er\n👍"
FORM = "application/x-www-form-urlencoded"

listener = Listener("text/xml", b"<Response/>")
HOOK = f"{listener.base}/hook?for=python&step=a%20b"


class SimulatedHosts(TwilioHttpClient):
    """Sends what is meant for Twilio's hosts to the simulator."""

    def request(self, method, url, *args, **kwargs):
        host = urllib.parse.urlparse(url).hostname or ""
        simulated = URLS[f"{host.removesuffix('.twilio.com')}_url"]
        return super().request(method, url.replace(f"https://{host}", simulated, 1), *args, **kwargs)


def client_with(password):
    return Client(ACCOUNT["account_sid"], password, http_client=SimulatedHosts())


client = client_with(ACCOUNT["auth_token"])
control("twilio/hooks", {"url": HOOK})


def refusal(call):
    """The code and the status with which a call is refused."""
    try:
        call()
    except (TwilioRestException, TwilioServiceException) as error:
        return error.code, error.status
    raise AssertionError("the call was not refused")


def send(**wanted):
    return client.messages.create(**{"to": CUSTOMER, "from_": ACCOUNT["number"], "body": "Hello"} | wanted)


class Parameters(dict):
    """Names with all their values, as web frameworks hand them over."""

    def getlist(self, name):
        return self[name]


def parameters(body):
    return Parameters(urllib.parse.parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True))


def is_json(hook):
    return hook.headers["content-type"].startswith("application/json")


def fields(hook):
    """The first value of each parameter."""
    if is_json(hook):
        return json.loads(hook.body)
    return {name: values[0] for name, values in parameters(hook.body).items()}


def customer_sends(**what):
    """A customer's message, and the webhook that tells of it."""
    sid = control("twilio/message", {"from": CUSTOMER} | what)["sid"]
    return listener.wait("the webhook", lambda hook: fields(hook).get("MessageSid") == sid)


def told(sid, status):
    """The status callback of a message."""
    fits = lambda hook: (fields(hook).get("MessageSid"), fields(hook).get("MessageStatus")) == (sid, status)
    return listener.wait(f"the status {status}", fits)


def is_valid(hook, token=ACCOUNT["auth_token"]):
    """What the SDK thinks of a webhook."""
    signed = hook.body.decode() if is_json(hook) else parameters(hook.body)
    signature = hook.headers[SIGNATURE_HEADER.lower()]
    algorithm = get_signature_algorithm(hook.headers.get(SIGNATURE_SETTINGS_HEADER.lower()))
    return RequestValidator(token).validate(hook.url, signed, signature, algorithm)


def expect_bound(hook, token=ACCOUNT["auth_token"]):
    """A webhook is accepted as it came, and refused with anything changed."""
    expect(is_valid(hook, token), "the signature was refused")
    changed = {
        "body": hook._replace(body=hook.body.replace(b"MessageSid", b"MessageSit", 1)),
        "address": hook._replace(url=hook.url.replace("/hook", "/hoop", 1)),
        "query": hook._replace(url=hook.url.replace("step=a", "step=c", 1)),
    }
    if not is_json(hook):
        changed["further parameter"] = hook._replace(body=hook.body + b"&More=")
    for what, other in changed.items():
        expect(not is_valid(other, token), f"a changed {what} was accepted")
    expect(not is_valid(hook, "0" * 32), "another token's signature was accepted")


@check
def a_message_is_created_followed_and_read_back():
    made = send(body=AWKWARD, status_callback=HOOK)
    expect(made.sid.startswith("SM"), made.sid)
    equal((made.status, made.direction, made.num_segments), ("queued", "outbound-api", "1"), "the new message")
    expect(made.date_created.tzinfo is not None, "date_created is no moment")
    told(made.sid, "sent")
    told(made.sid, "delivered")
    read = client.messages(made.sid).fetch()
    equal((read.status, read.body, read.to, read.from_), ("delivered", AWKWARD, CUSTOMER, ACCOUNT["number"]), "read back")


@check
def messages_are_listed_page_by_page():
    to = "+15550100062"
    wanted = [f"number {n}" for n in range(5)]
    for body in wanted:
        made = send(to=to, body=body, from_=None, messaging_service_sid=ACCOUNT["service_sid"])
        equal(made.messaging_service_sid, ACCOUNT["service_sid"], "the service")
    equal([one.body for one in client.messages.list(to=to, page_size=2)], wanted[::-1], "in pages of two")
    equal(len(client.messages.list(to=to, limit=3)), 3, "with a limit")
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    equal(len(client.messages.list(to=to, date_sent_after=now - day)), 5, "since yesterday")
    equal(client.messages.list(to=to, date_sent_before=now - day), [], "before yesterday")


@check
def a_message_is_emptied_and_deleted():
    made = send()
    equal(client.messages(made.sid).update(body="").body, "", "the emptied body")
    expect(client.messages(made.sid).delete(), "the message was not deleted")
    equal(refusal(client.messages(made.sid).fetch), (20404, 404), "reading it again")


@check
def media_are_sent_listed_and_deleted():
    made = send(media_url=[f"{listener.base}/picture.png"])
    expect(made.sid.startswith("MM"), made.sid)
    equal([one.content_type for one in client.messages(made.sid).media.list()], ["image/png"], "ours")
    hook = customer_sends(text="", media=[{}, {"content_type": "image/jpeg"}])
    media = client.messages(fields(hook)["MessageSid"]).media
    equal([one.content_type for one in media.list()], ["image/png", "image/jpeg"], "the customer's")
    first = media.list()[0]
    equal(first.fetch().parent_sid, fields(hook)["MessageSid"], "the message of the picture")
    expect(first.delete(), "the picture was not deleted")
    equal(len(media.list()), 1, "pictures left")


@check
def refusals_carry_the_codes_of_twilio():
    equal(refusal(lambda: send(to="+12")), (21211, 400), "a number that is none")
    equal(refusal(lambda: send(from_="+12125550199999")), (21606, 400), "a sender that is not ours")
    equal(refusal(lambda: send(body="x" * 1601)), (21617, 400), "a long body")
    stranger = client_with("not the token")
    equal(refusal(stranger.messages(f"SM{uuid.uuid4().hex}").fetch), (20003, 401), "a wrong token")
    equal(refusal(lambda: stranger.lookups.v2.phone_numbers(CUSTOMER).fetch()), (20003, 401), "a wrong token at Lookup")
    typing = client.messaging.v2.typing_indicator
    equal(refusal(lambda: typing.create(channel="whatsapp", message_id="SM0")), (20001, 400), "typing to nobody")


@check
def after_stop_nothing_is_sent_until_start():
    customer_sends(text="STOP")
    equal(refusal(send), (21610, 400), "after STOP")
    customer_sends(text="start")
    equal(send().status, "queued", "after START")


@check
def numbers_are_found_and_changed():
    found = client.incoming_phone_numbers.list(phone_number=ACCOUNT["toll_free_number"])
    equal([one.sid for one in found], [ACCOUNT["toll_free_number_sid"]], "the number")
    expect(found[0].capabilities["sms"] and found[0].capabilities["mms"], "the number cannot send")
    url = f"{HOOK}&changed=yes"
    number = client.incoming_phone_numbers(found[0].sid)
    equal(number.update(sms_url=url).sms_url, url, "the new address")
    equal(number.fetch().sms_url, url, "the address read back")
    number.update(sms_url=HOOK)


@check
def the_messaging_service_is_read_and_changed():
    service = client.messaging.v1.services(ACCOUNT["service_sid"])
    equal([one.sid for one in client.messaging.v1.services.list()], [ACCOUNT["service_sid"]], "services")
    expect(service.fetch().us_app_to_person_registered, "the service is not registered")
    equal(service.update(fallback_url=HOOK).fallback_url, HOOK, "the new address")
    service.update(fallback_url="")
    equal([one.phone_number for one in service.phone_numbers.list()], [ACCOUNT["number"]], "its numbers")


@check
def registrations_are_read():
    campaigns = client.messaging.v1.services(ACCOUNT["service_sid"]).us_app_to_person.list()
    equal([(one.sid, one.campaign_status) for one in campaigns], [(ACCOUNT["campaign_sid"], "VERIFIED")], "campaigns")
    brands = client.messaging.v1.brand_registrations
    equal([one.status for one in brands.list()], ["APPROVED"], "brands")
    equal(brands(ACCOUNT["brand_sid"]).fetch().identity_status, "VERIFIED", "the brand")
    verifications = client.messaging.v1.tollfree_verifications
    of_number = verifications.list(tollfree_phone_number_sid=ACCOUNT["toll_free_number_sid"])
    equal([one.status for one in of_number], ["TWILIO_APPROVED"], "toll-free verifications")
    sid = ACCOUNT["toll_free_verification_sid"]
    equal(verifications(sid).fetch().tollfree_phone_number_sid, ACCOUNT["toll_free_number_sid"], "the verification")


@check
def a_template_is_made_approved_sent_and_deleted():
    contents = client.content.v1.contents
    text = {"body": "Hello {{1}}, your parcel {{2}} is here."}
    wanted = {"friendly_name": "parcel", "language": "en", "variables": {"1": "you"}, "types": {"twilio/text": text}}
    made = contents.create(ContentList.ContentCreateRequest(wanted))
    equal(contents(made.sid).fetch().types, {"twilio/text": text}, "the template")
    request = ApprovalCreateList.ContentApprovalRequest({"name": "parcel_python", "category": "UTILITY"})
    equal(contents(made.sid).approval_create.create(request).status, "received", "handed in")
    control("twilio/contents", {"content": made.sid, "status": "approved"})
    equal(contents(made.sid).approval_fetch().fetch().whatsapp["status"], "approved", "reviewed")
    both = [one for one in client.content.v1.content_and_approvals.list() if one.sid == made.sid]
    equal([one.approval_requests["status"] for one in both], ["approved"], "with its approval")
    sent = client.messages.create(
        to=f"whatsapp:{CUSTOMER}",
        from_=f"whatsapp:{ACCOUNT['whatsapp_number']}",
        content_sid=made.sid,
        content_variables=json.dumps({"1": "Zoë", "2": "A+1"}),
    )
    equal(sent.body, "Hello Zoë, your parcel A+1 is here.", "the words")
    expect(contents(made.sid).delete(), "the template was not deleted")
    equal(refusal(contents(made.sid).fetch), (20404, 404), "reading it again")


@check
def the_whatsapp_sender_is_read_and_changed():
    senders = client.messaging.v2.channels_senders
    equal([one.status for one in senders.list(channel="whatsapp")], ["ONLINE"], "senders")
    sender = senders(ACCOUNT["whatsapp_sender_sid"])
    equal(sender.fetch().sender_id, f"whatsapp:{ACCOUNT['whatsapp_number']}", "its address")
    webhook = ChannelsSenderList.MessagingV2ChannelsSenderWebhook({"callback_url": HOOK})
    request = ChannelsSenderList.MessagingV2ChannelsSenderRequestsUpdate({"webhook": webhook})
    equal(sender.update(request).webhook["callback_url"], HOOK, "the new address")


@check
def lookup_tells_landlines_from_mobiles():
    def kind(number):
        found = client.lookups.v2.phone_numbers(number).fetch(fields="line_type_intelligence")
        return found.valid, found.line_type_intelligence["type"]

    equal(kind(CUSTOMER), (True, "mobile"), "the customer's number")
    equal(kind("+15550100099"), (True, "landline"), "a landline")


@check
def a_whatsapp_customer_sees_typing():
    hook = customer_sends(channel="whatsapp", text="Hello")
    sid = fields(hook)["MessageSid"]
    expect(client.messaging.v2.typing_indicator.create(channel="whatsapp", message_id=sid).success, "no success")
    expect(control(f"twilio/thread?customer={CUSTOMER[1:]}")["typing"], "nobody is seen typing")


@check
def signed_forms_are_accepted_and_changed_ones_refused():
    location = {"latitude": 52.5, "longitude": 13.4, "label": "Café & Bar", "address": ""}
    hooks = [
        customer_sends(text=AWKWARD),
        customer_sends(text="Body", media=[{}]),
        customer_sends(channel="whatsapp", text=AWKWARD, name="Ærøskøbing + Co"),
        customer_sends(channel="whatsapp", button={"text": "Yes, please", "payload": "a+b=c"}),
        customer_sends(channel="whatsapp", list={"id": "l", "title": "Large"}),
        customer_sends(channel="whatsapp", location=location),
    ]
    equal(fields(hooks[0])["Body"], AWKWARD, "the words")
    equal(fields(hooks[0])["FromCity"], "", "an empty value")
    made = send(status_callback=HOOK)
    hooks += [told(made.sid, "sent"), told(made.sid, "delivered")]
    for hook in hooks:
        expect_bound(hook)


@check
def repeated_and_empty_names_are_signed():
    names = [["Tag", "b"], ["Tag", "a"], ["Tag", "b"], ["Empty", ""], ["Body", AWKWARD], ["MessageSid", "SMrepeated"]]
    order = {"url": HOOK, "params": names}
    control("twilio/raw", order)
    hook = listener.wait("the webhook", lambda hook: fields(hook).get("MessageSid") == "SMrepeated")
    equal(parameters(hook.body)["Tag"], ["b", "a", "b"], "the repeated name")
    expect_bound(hook)


@check
def wrong_signatures_are_refused():
    control("twilio/raw", {"url": HOOK, "params": [["MessageSid", "SMwrong"]], "signature": "wrong"})
    hook = listener.wait("the webhook", lambda hook: fields(hook).get("MessageSid") == "SMwrong")
    expect(not is_valid(hook), "it was accepted")


@check
def json_is_bound_by_its_hash():
    with switched(twilio__webhook_format="json"):
        hook = customer_sends(text=AWKWARD)
    expect("bodySHA256=" in hook.url, hook.url)
    equal(fields(hook)["Body"], AWKWARD, "the words")
    expect_bound(hook)


@check
def either_token_signs_during_a_rotation():
    with switched(twilio__auth_token="secondary"):
        hook = customer_sends(text=AWKWARD)
    expect_bound(hook, ACCOUNT["secondary_auth_token"])
    expect(not is_valid(hook), "the primary token fits as well")
    equal(len(client_with(ACCOUNT["secondary_auth_token"]).messages.list(limit=1)), 1, "a list with it")


@check
def shared_keys_sign_with_either_algorithm():
    for choice, algorithm in [("shared_key", "HMAC_SHA256"), ("shared_key_sha1", "HMAC_SHA1")]:
        for kind in ["form", "json"]:
            with switched(twilio__signature=choice, twilio__webhook_format=kind):
                hook = customer_sends(text=AWKWARD)
            settings = hook.headers[SIGNATURE_SETTINGS_HEADER.lower()]
            equal(settings, f"key={ACCOUNT['shared_key_id']},algorithm={algorithm}", "the settings")
            expect_bound(hook, ACCOUNT["shared_key_secret"])


def twilio_inboxes():
    inboxes = [inbox for inbox in READY["inboxes"] if inbox["vendor"] == "twilio"]
    if not inboxes:
        raise Skipped("the demo has no inbox at Twilio")
    return inboxes


def inbound(inbox):
    """What Twilio would send to this inbox."""
    sid = f"SM{uuid.uuid4().hex}"
    sender = inbox["settings"].get("sender", ACCOUNT["number"])
    channel = "whatsapp:" if sender.startswith("whatsapp:") else ""
    return {
        "AccountSid": ACCOUNT["account_sid"],
        "ApiVersion": "2010-04-01",
        "Body": AWKWARD,
        "From": f"{channel}{CUSTOMER}",
        "FromCity": "",
        "MessageSid": sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "To": sender,
    }


def hub_answers(url, body, content_type, signature):
    """The status of the hub's answer, which says nothing to the customer."""
    headers = {"content-type": content_type} | ({SIGNATURE_HEADER: signature} if signature else {})
    status, answer = http(url, body.encode(), headers)
    if status == 200:
        equal(answer, b"<Response/>", "the answer")
    return status


@check
def the_hub_accepts_forms_that_the_sdk_signs():
    for inbox in twilio_inboxes():
        url, form = inbox["hook_url"], inbound(inbox)
        body = urllib.parse.urlencode(form)
        validator = RequestValidator(inbox["settings"]["auth_token"])
        signature = validator.compute_signature(url, form)
        changed = urllib.parse.urlencode(form | {"Body": "changed"})
        stranger = RequestValidator("0" * 32).compute_signature(url, form)
        queried = f"{url}?delivery=&a=b%20c"
        equal(hub_answers(url, changed, FORM, signature), 403, "a changed form")
        equal(hub_answers(url, body, FORM, stranger), 403, "another token's signature")
        equal(hub_answers(url, body, FORM, None), 403, "no signature")
        equal(hub_answers(queried, body, FORM, signature), 403, "another address")
        equal(hub_answers(url, body, FORM, signature), 200, "the form")
        form = inbound(inbox)
        signature = validator.compute_signature(queried, form)
        equal(hub_answers(queried, urllib.parse.urlencode(form), FORM, signature), 200, "an address with a query")


@check
def the_hub_accepts_json_that_the_sdk_signs():
    for inbox in twilio_inboxes():
        validator = RequestValidator(inbox["settings"]["auth_token"])
        body = json.dumps(inbound(inbox), ensure_ascii=False)
        url = f"{inbox['hook_url']}?bodySHA256={validator.compute_hash(body)}"
        signature = validator.compute_signature(url, {})
        equal(hub_answers(url, body + " ", "application/json", signature), 403, "a changed body")
        equal(hub_answers(inbox["hook_url"], body, "application/json", signature), 403, "without its hash")
        equal(hub_answers(url, body, "application/json", signature), 200, "the body")


@check
def the_hub_keeps_word_for_word_what_it_accepted():
    def kept():
        sessions = api(f"sessions?q={CUSTOMER[1:]}")["sessions"]
        messages = [one for session in sessions for one in api(f"sessions/{session['id']}/messages")["messages"]]
        return [one["text"] for one in messages if one["author"]["kind"] == "customer"]

    # Two forms and a JSON body, and nothing of what was refused.
    becomes(kept, [AWKWARD] * 3 * len(twilio_inboxes()), "what customers said")


run(f"twilio {twilio.__version__} for Python")
