"""Microsoft's Dataverse client for Python against the simulated environment over HTTPS."""

import base64
import uuid

from azure.identity import CertificateCredential, ClientSecretCredential
from PowerPlatform.Dataverse import __version__
from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.errors import HttpError

from demo import check, control, equal, expect, run, switched

KNOWN = control("dynamics365")
ACCOUNT, URLS = KNOWN["account"], KNOWN["urls"]
ENTRA = {"authority": URLS["login_url"], "disable_instance_discovery": True}
APP = (ACCOUNT["tenant_id"], ACCOUNT["client_id"])

client = DataverseClient(URLS["environment_url"], ClientSecretCredential(*APP, ACCOUNT["client_secret"], **ENTRA))


def person(**columns):
    return client.records.create("contact", {"firstname": "Ana", "lastname": "Ray"} | columns)


def case(contact, **columns):
    bind = {"customerid_contact@odata.bind": f"/contacts({contact})"}
    return client.records.create("incident", {"title": "Tent pole broken"} | bind | columns)


def refused(act):
    """Status and code of the refusal."""
    try:
        act()
    except HttpError as error:
        return error.status_code, error.details.get("service_error_code")
    raise AssertionError("it was not refused")


@check
def a_row_is_created_read_changed_and_deleted():
    key = person(lastname="O'Brien")
    client.records.update("contact", key, {"firstname": "Anna"})
    equal(client.records.retrieve("contact", key, select=["fullname"])["fullname"], "Anna O'Brien", "the name")
    client.records.delete("contact", key)
    equal(client.records.retrieve("contact", key, select=["fullname"]), None, "a deleted row")


@check
def rows_are_found_and_read_page_by_page():
    lastname = f"O'Page {uuid.uuid4()}"
    for _ in range(5):
        person(lastname=lastname)
    wanted = f"lastname eq '{lastname.replace(chr(39), chr(39) * 2)}'"
    pages = client.records.list_pages("contact", filter=wanted, select=["fullname"], page_size=2)
    equal([len(page) for page in pages], [2, 2, 1], "the pages")


@check
def a_label_becomes_its_number_and_a_wrong_one_is_refused():
    contact = person()
    key = case(contact, prioritycode="High")
    read = client.records.retrieve("incident", key, select=["ticketnumber", "prioritycode"])
    equal(read["prioritycode"], 1, "the priority")
    expect(read["ticketnumber"].startswith("CAS-"), f"the number is {read['ticketnumber']}")
    equal(refused(lambda: case(contact, prioritycode=99)), (400, "0x8004431a"), "an option that there is not")
    equal(refused(lambda: client.records.create("incident", {"title": "Nobody's"})), (400, "0x80044410"), "no customer")


@check
def a_file_hangs_on_a_case_byte_for_byte():
    body = base64.b64encode(b"how to seal a tent").decode()
    key = client.records.create("annotation", {
        "subject": "File",
        "filename": "seal.txt",
        "mimetype": "text/plain",
        "documentbody": body,
        "objectid_incident@odata.bind": f"/incidents({case(person())})",
    })
    read = client.records.retrieve("annotation", key, select=["documentbody", "filesize"])
    equal((read["documentbody"], read["filesize"]), (body, 18), "the file")


@check
def a_batch_answers_each_part():
    batch = client.batch.new()
    for lastname in ("First", "Second"):
        batch.records.create("contact", {"lastname": lastname})
    batch.records.retrieve("contact", str(uuid.uuid4()), select=["fullname"])
    result = batch.execute(continue_on_error=True)
    equal([part.status_code for part in result.responses], [204, 204, 404], "the parts")


@check
def a_change_set_refers_to_what_it_makes_and_is_done_whole_or_not_at_all():
    def attempt(title, lastname):
        batch = client.batch.new()
        with batch.changeset() as changes:
            contact = changes.records.create("contact", {"lastname": lastname})
            changes.records.create("incident", {"title": title, "customerid_contact@odata.bind": contact})
        return batch.execute()

    made, lost = (f"{name} {uuid.uuid4()}" for name in ("Made", "Lost"))
    expect(not attempt("Tent", made).has_errors, "the change set was refused")
    expect(attempt("x" * 5_000, lost).has_errors, "a title of 5,000 characters was taken")
    found = [len(list(client.records.list("contact", filter=f"lastname eq '{name}'"))) for name in (made, lost)]
    equal(found, [1, 0], "contacts of the good and of the bad change set")


@check
def too_many_requests_are_told_how_long_to_wait():
    key = person()
    fault = {"vendor": "dataverse", "operation": "contacts.get", "fault": "status", "status": 429, "retry_after_s": 7}
    control("faults", fault)
    try:
        client.records.retrieve("contact", key, select=["lastname"])
    except HttpError as error:
        found = (error.details["service_error_code"], error.is_transient, error.details["retry_after"])
        equal(found, ("0x80072322", True, 7), "the refusal")
        return
    raise AssertionError("it was not refused")


@check
def who_is_no_user_of_the_environment_is_told_so():
    with switched(dynamics365__application_user="missing"):
        equal(refused(person), (403, "0x80072560"), "the refusal")


@check
def a_certificate_opens_the_environment_too():
    made = control("dynamics365/certificates", {})
    pem = f"{made['key_pem']}{made['certificate_pem']}".encode()
    credential = CertificateCredential(*APP, certificate_data=pem, **ENTRA)
    with DataverseClient(URLS["environment_url"], credential) as other:
        expect(other.records.create("contact", {"lastname": "Certificate"}), "no row was made")


run(f"PowerPlatform-Dataverse-Client {__version__}")
