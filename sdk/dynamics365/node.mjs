// dynamics-web-api, a public client of the Dataverse Web API, against the simulated environment over HTTPS.
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { DynamicsWebApi } from "dynamics-web-api";
import { control, equal, expect, run } from "../lib/demo.mjs";

const manifest = new URL("node_modules/dynamics-web-api/package.json", import.meta.url);
const { version } = JSON.parse(await readFile(manifest, "utf8"));
const { account, urls } = await control("dynamics365");

async function token() {
  const form = {
    grant_type: "client_credentials",
    client_id: account.client_id,
    client_secret: account.client_secret,
    scope: urls.dataverse_scope,
  };
  const url = `${urls.login_url}/${account.tenant_id}/oauth2/v2.0/token`;
  const answer = await fetch(url, { method: "POST", body: new URLSearchParams(form) });
  return (await answer.json()).access_token;
}

const api = new DynamicsWebApi({
  serverUrl: `${urls.environment_url}/`,
  dataApi: { version: "9.2" },
  onTokenRefresh: token,
});

function person(lastname) {
  return api.create({ collection: "contacts", data: { firstname: "Ana", lastname } });
}

function caseOf(contact, title = "Tent pole broken") {
  return api.create({
    collection: "incidents",
    data: { title, "customerid_contact@odata.bind": `/contacts(${contact})` },
    returnRepresentation: true,
    select: ["incidentid", "ticketnumber"],
  });
}

// What the call is refused with.
async function refused(call) {
  try {
    await call();
  } catch (error) {
    return [error.status, error.code];
  }
  throw new Error("it was not refused");
}

const checks = {
  async "who is asking"() {
    const who = await api.callFunction("WhoAmI");
    equal(who.OrganizationId, account.organization_id, "the organisation");
    equal(who.UserId, account.application_user_id, "the user");
  },

  async "a row is created, read, changed, deleted"() {
    const key = await person("O'Brien");
    await api.update({ collection: "contacts", key, data: { firstname: "Anna" } });
    const read = await api.retrieve({ collection: "contacts", key, select: ["fullname"] });
    equal(read.fullname, "Anna O'Brien", "the name");
    await api.deleteRecord({ collection: "contacts", key });
    equal(
      await refused(() => api.retrieve({ collection: "contacts", key })),
      [404, "0x80040217"],
      "a deleted row",
    );
  },

  async "rows are found, counted and read page by page"() {
    const lastname = `Page ${randomUUID()}`;
    for (let n = 0; n < 5; n += 1) await person(lastname);
    const filter = `lastname eq '${lastname}'`;
    const wanted = { collection: "contacts", select: ["fullname"], filter };
    const counted = await api.retrieveMultiple({ ...wanted, top: 1, count: true });
    equal([counted.value.length, counted.oDataCount], [1, 5], "one of five");
    const all = await api.retrieveAll({ ...wanted, maxPageSize: 2 });
    equal(all.value.length, 5, "all pages together");
  },

  async "an own id is inserted once"() {
    const key = randomUUID();
    const insert = () =>
      api.upsert({ collection: "contacts", key, data: { lastname: "Own" }, ifnonematch: "*" });
    equal(await insert(), key, "the id");
    equal(await insert(), null, "the second time");
  },

  async "a version that is not the newest changes nothing"() {
    const key = await person("Version");
    const { "@odata.etag": ifmatch } = await api.retrieve({ collection: "contacts", key });
    const change = (firstname) =>
      api.update({ collection: "contacts", key, data: { firstname }, ifmatch });
    equal(await change("Once"), true, "the first change");
    equal(await change("Twice"), false, "the second change");
  },

  async "a case has a number, its labels and its customer"() {
    const { incidentid: key, ticketnumber } = await caseOf(await person("Label"));
    expect(ticketnumber.startsWith("CAS-"), `the number is ${ticketnumber}`);
    await api.update({ collection: "incidents", key, data: { prioritycode: 1 } });
    const read = await api.retrieve({
      collection: "incidents",
      key,
      select: ["prioritycode"],
      expand: [{ property: "customerid_contact", select: ["fullname"] }],
      includeAnnotations: "OData.Community.Display.V1.FormattedValue",
    });
    equal(read.prioritycode_Formatted, "High", "the label");
    equal(read.customerid_contact.fullname, "Ana Label", "the customer");
  },

  async "a file hangs on a case byte for byte"() {
    const { incidentid } = await caseOf(await person("Note"));
    const documentbody = Buffer.from("how to seal a tent").toString("base64");
    const file = { subject: "File", filename: "seal.txt", mimetype: "text/plain", documentbody };
    const key = await api.create({
      collection: "annotations",
      data: { ...file, "objectid_incident@odata.bind": `/incidents(${incidentid})` },
    });
    const read = await api.retrieve({ collection: "annotations", key });
    equal([read.documentbody, read.filesize], [documentbody, 18], "the file");
  },

  async "a case goes into a queue and is resolved"() {
    const { incidentid } = await caseOf(await person("Resolve"));
    const added = await api.callAction({
      collection: "queues",
      key: account.queue_id,
      actionName: "Microsoft.Dynamics.CRM.AddToQueue",
      action: { Target: { incidentid, "@odata.type": "Microsoft.Dynamics.CRM.incident" } },
    });
    expect(added.QueueItemId, "there is no queue item");
    await api.callAction({
      actionName: "CloseIncident",
      action: {
        IncidentResolution: {
          "@odata.type": "Microsoft.Dynamics.CRM.incidentresolution",
          subject: "Sealed",
          "incidentid@odata.bind": `/incidents(${incidentid})`,
        },
        Status: 5,
      },
    });
    const read = await api.retrieve({ collection: "incidents", key: incidentid });
    equal([read.statecode, read.statuscode], [1, 5], "the state");
  },

  async "a change set refers to its own rows"() {
    api.startBatch();
    api.create({
      collection: "contacts",
      data: { firstname: "Ana", lastname: "Batch" },
      contentId: "1",
      inChangeSet: true,
    });
    api.create({
      collection: "incidents",
      data: { title: "In a batch", "customerid_contact@odata.bind": "$1" },
      contentId: "2",
      inChangeSet: true,
    });
    const [contact, key] = await api.executeBatch();
    const read = await api.retrieve({ collection: "incidents", key, select: ["_customerid_value"] });
    equal(read._customerid_value, contact, "the customer");
  },

  async "a change set that fails leaves nothing"() {
    const lastname = `Batch ${randomUUID()}`;
    api.startBatch();
    api.create({ collection: "contacts", data: { lastname }, contentId: "1", inChangeSet: true });
    api.create({
      collection: "incidents",
      data: { title: "Nobody's" },
      contentId: "2",
      inChangeSet: true,
    });
    const [error] = await api.executeBatch().catch((errors) => errors);
    equal([error.status, error.error.code], [400, "0x80044410"], "the error");
    const filter = `lastname eq '${lastname}'`;
    const left = await api.retrieveMultiple({ collection: "contacts", filter });
    equal(left.value.length, 0, "what is left");
  },

  async "a row is found by an alternate key"() {
    const column = "externaluseridentifier";
    await control("dynamics365/keys", { table: "contact", name: "new_external", columns: [column] });
    const key = `${column}='${randomUUID()}'`;
    const upsert = (firstname) =>
      api.upsert({ collection: "contacts", key, data: { firstname }, returnRepresentation: true });
    const made = await upsert("Once");
    equal((await upsert("Twice")).contactid, made.contactid, "the row of the second time");
  },

  async "rows are related and parted"() {
    const contact = await person("Related");
    const account = await api.create({ collection: "accounts", data: { name: "Harborline" } });
    const both = { collection: "accounts", primaryKey: account };
    const relationshipName = "contact_customer_accounts";
    await api.associate({
      ...both,
      relationshipName,
      relatedCollection: "contacts",
      relatedKey: contact,
    });
    const expand = [{ property: relationshipName, select: ["lastname"] }];
    const read = () => api.retrieve({ collection: "accounts", key: account, expand });
    equal((await read())[relationshipName].length, 1, "the related rows");
    await api.disassociate({ ...both, relationshipName, relatedKey: contact });
    equal((await read())[relationshipName].length, 0, "the related rows afterwards");
  },

  async "columns, their lengths and their choices are told"() {
    const entityKey = "LogicalName='incident'";
    const title = await api.retrieveAttribute({ entityKey, attributeKey: "LogicalName='title'" });
    equal(title.MaxLength, 200, "the greatest length of a title");
    const choices = await api.retrieveAttributes({
      entityKey,
      castType: "Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
      select: ["LogicalName"],
      expand: [{ property: "OptionSet", select: ["Options"] }],
    });
    const priority = choices.value.find((column) => column.LogicalName === "prioritycode");
    const labels = priority.OptionSet.Options.map((one) => one.Label.UserLocalizedLabel.Label);
    equal(labels, ["High", "Normal", "Low"], "the priorities");
  },

  async "a user's privileges are told"() {
    const { UserId } = await api.callFunction("WhoAmI");
    const answer = await api.callFunction({
      collection: "systemusers",
      key: UserId,
      name: "Microsoft.Dynamics.CRM.RetrieveUserPrivilegeByPrivilegeName",
      parameters: { PrivilegeName: "prvCreateIncident" },
    });
    equal(answer.RolePrivileges[0].Depth, "Global", "the depth");
  },

  async "somebody is there"() {
    const answer = await api.callAction({
      actionName: "CCaaS_GetRepresentativeAvailabilityBeforeConversation",
      action: { ApiVersion: "1.0", LiveWorkStreamId: account.workstream_id },
    });
    equal([answer.QueueId, answer.IsAgentAvailable], [account.queue_id, true], "the answer");
  },
};

await run(`dynamics-web-api ${version}`, Object.entries(checks));
