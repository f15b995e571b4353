// jsforce, a public client of Salesforce's REST API, against the simulated organisation.
import { createSign, randomUUID } from "node:crypto";
import jsforce from "jsforce";
import { control, equal, expect, run, switched } from "../lib/demo.mjs";

const { account, urls } = await control("salesforce");

function assertion(claims = {}) {
  const part = (json) => Buffer.from(JSON.stringify(json)).toString("base64url");
  const body = {
    iss: account.consumer_key,
    sub: account.username,
    aud: "https://login.salesforce.com",
    exp: Math.floor(Date.now() / 1000) + 180,
    ...claims,
  };
  const signed = `${part({ alg: "RS256" })}.${part(body)}`;
  const signature = createSign("RSA-SHA256").update(signed).sign(account.core_private_key_pem);
  return `${signed}.${signature.toString("base64url")}`;
}

function connection() {
  return new jsforce.Connection({ oauth2: { loginUrl: urls.login_url }, version: "67.0" });
}

function authorize(conn, claims) {
  const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  return conn.authorize({ grant_type, assertion: assertion(claims) });
}

// What the call is refused with.
async function refused(call) {
  try {
    await call();
  } catch (error) {
    return [error.errorCode ?? error.name, error.message];
  }
  throw new Error("it was not refused");
}

const conn = connection();
const who = await authorize(conn);

function person(LastName, more = {}) {
  return conn.sobject("Contact").create({ LastName, ...more });
}

const checks = {
  async "a signed assertion logs in, and the answer tells who it is"() {
    equal([who.id, who.organizationId], [account.user_id, account.org_id_18], "the user");
    const identity = await conn.identity();
    equal(identity.username, account.username, "the user's name");
    const wrong = await refused(() => authorize(connection(), { aud: "https://elsewhere.test" }));
    equal(wrong, ["invalid_grant", "audience is invalid"], "another audience");
  },

  async "client credentials log in"() {
    const other = connection();
    await other.authorize({
      grant_type: "client_credentials",
      client_id: account.consumer_key,
      client_secret: account.consumer_secret,
    });
    equal((await other.identity()).user_id, account.user_id, "the user");
  },

  async "a row is created, read, changed, deleted"() {
    const { id, success } = await person("O'Brien", { Email: "brien@shop.test" });
    expect(success && id.startsWith("003"), `the id is ${id}`);
    await conn.sobject("Contact").update({ Id: id, FirstName: "Anna" });
    const read = await conn.sobject("Contact").retrieve(id);
    equal([read.Name, read.attributes.type], ["Anna O'Brien", "Contact"], "the row");
    await conn.sobject("Contact").destroy(id);
    const [code] = await refused(() => conn.sobject("Contact").retrieve(id));
    equal(code, "ENTITY_IS_DELETED", "a deleted row");
  },

  async "what is wrong with a row is named"() {
    const [long] = await refused(() => person("x".repeat(81)));
    equal(long, "STRING_TOO_LONG", "a long name");
    const [column, text] = await refused(() => person("x", { Nickname__c: "y" }));
    equal(column, "INVALID_FIELD", "an unknown field");
    expect(text.includes("Nickname__c"), text);
  },

  async "rows are found by their fields and their parents'"() {
    const LastName = `O'Neil ${randomUUID()}`;
    const { id } = await person(LastName);
    const found = await conn
      .sobject("Contact")
      .find({ LastName, IsDeleted: false }, ["Id", "Owner.Name"])
      .sort({ CreatedDate: -1 })
      .limit(5);
    equal([found.length, found[0].Id, found[0].Owner.Name], [1, id, "Integration User"], "the row");
    const since = jsforce.SfDate.toDateTimeLiteral(new Date(Date.now() - 60_000));
    const recent = await conn.query(
      `SELECT Id FROM Contact WHERE CreatedDate > ${since} AND Id = '${id}'`,
    );
    equal(recent.totalSize, 1, "the rows of the last minute");
    const counted = await conn.sobject("Contact").count({ LastName });
    equal(counted, 1, "the count");
    const [code] = await refused(() => conn.query("SELECT Nothing FROM Contact"));
    equal(code, "INVALID_FIELD", "an unknown field");
  },

  async "a long result is read page by page"() {
    const LastName = `Page ${randomUUID()}`;
    for (let n = 0; n < 5; n += 1) await person(LastName);
    await switched({ "salesforce_crm.page_rows": 2 }, async () => {
      const soql = `SELECT Id FROM Contact WHERE LastName = '${LastName}'`;
      const first = await conn.query(soql);
      equal([first.totalSize, first.done, first.records.length], [5, false, 2], "the first page");
      const second = await conn.queryMore(first.nextRecordsUrl);
      equal([second.done, second.records.length], [false, 2], "the second page");
      const all = await conn.query(soql).run({ autoFetch: true });
      equal(all.records.length, 5, "all pages together");
    });
  },

  async "a number is found in another format"() {
    const digits = String(Date.now()).slice(-7);
    const Phone = `(415) ${digits.slice(0, 3)}-${digits.slice(3)}`;
    await switched({ "salesforce_crm.search_lag_s": 0 }, async () => {
      const { id } = await person("Phone", { Phone });
      const sosl = `FIND {415${digits}} IN PHONE FIELDS RETURNING Contact(Id, Phone)`;
      const { searchRecords } = await conn.search(sosl);
      equal([searchRecords.length, searchRecords[0].Id], [1, id], "what is found");
    });
    const [code] = await refused(() => conn.search(`FIND {+1415${digits}} RETURNING Contact(Id)`));
    equal(code, "MALFORMED_SEARCH", "a reserved character");
  },

  async "objects and fields are told"() {
    const { sobjects } = await conn.describeGlobal();
    expect(
      sobjects.some((one) => one.name === "MessagingSession"),
      "there are no sessions",
    );
    const { fields, keyPrefix } = await conn.sobject("Case").describe();
    const subject = fields.find((field) => field.name === "Subject");
    equal([keyPrefix, subject.length, subject.type], ["500", 255, "string"], "the subject");
  },

  async "a field is added, granted, and upserted by"() {
    const name = `Key${Date.now()}__c`;
    const Metadata = { type: "Text", label: "Key", length: 64, externalId: true, unique: true };
    const made = await conn.tooling.create("CustomField", { FullName: `Case.${name}`, Metadata });
    expect(made.success, "the field was not made");
    const upsert = (Subject) => conn.sobject("Case").upsert({ [name]: "s-1", Subject }, name);
    const [code] = await refused(() => upsert("Hidden"));
    equal(code, "NOT_FOUND", "a field that no permission set has");
    const [assigned] = await conn
      .sobject("PermissionSetAssignment")
      .find({ AssigneeId: account.user_id }, ["PermissionSetId"]);
    await conn.sobject("FieldPermissions").create({
      ParentId: assigned.PermissionSetId,
      SobjectType: "Case",
      Field: `Case.${name}`,
      PermissionsRead: true,
      PermissionsEdit: true,
    });
    const first = await upsert("First");
    const second = await upsert("Second");
    equal([first.created, second.created, second.id], [true, false, first.id], "the row");
    const read = await conn.sobject("Case").retrieve(first.id);
    equal(read.Subject, "Second", "the subject");
  },

  async "several rows with one external id are told"() {
    const name = `Twice${Date.now()}__c`;
    await control("salesforce/crm/fields", { object: "Case", name, external_id: true });
    const { id } = await conn.sobject("Case").create({ [name]: "k" });
    await conn.sobject("Case").create({ [name]: "k" });
    const [code, text] = await refused(() =>
      conn.sobject("Case").upsert({ [name]: "k", Subject: "x" }, name),
    );
    expect(code === "MULTIPLE_CHOICES" || text.includes(id), `${code}: ${text}`);
  },

  async "rows are written together"() {
    const rows = await conn.sobject("Contact").create([{ LastName: "A" }, { LastName: "B" }]);
    equal(
      rows.map((row) => row.success),
      [true, true],
      "both rows",
    );
    const changed = await conn
      .sobject("Contact")
      .update(rows.map(({ id }) => ({ Id: id, FirstName: "C" })));
    equal(changed.length, 2, "both changes");
    const read = await conn.sobject("Contact").retrieve(rows.map(({ id }) => id));
    equal(
      read.map((row) => row.Name),
      ["C A", "C B"],
      "both names",
    );
    const gone = await conn.sobject("Contact").destroy(rows.map(({ id }) => id));
    equal(
      gone.map((row) => row.success),
      [true, true],
      "both deletions",
    );
  },

  async "a composite request refers to its own rows, whole or not at all"() {
    const base = `/services/data/v${conn.version}`;
    const LastName = `Composite ${randomUUID()}`;
    const compositeRequest = (Email) => [
      {
        method: "POST",
        url: `${base}/sobjects/Contact`,
        referenceId: "person",
        body: { LastName, Email },
      },
      {
        method: "POST",
        url: `${base}/sobjects/Case`,
        referenceId: "case",
        body: { Subject: "Tent", ContactId: "@{person.id}" },
      },
    ];
    const send = (Email) =>
      conn.requestPost("/composite", {
        allOrNone: true,
        compositeRequest: compositeRequest(Email),
      });
    const { compositeResponse: failed } = await send("not one");
    equal(
      failed.map((one) => one.httpStatusCode),
      [400, 400],
      "what failed",
    );
    equal(await conn.sobject("Contact").count({ LastName }), 0, "what is left");
    const { compositeResponse: done } = await send("ana@shop.test");
    const read = await conn.sobject("Case").retrieve(done[1].body.id);
    equal(read.ContactId, done[0].body.id, "the contact");
  },

  async "a file hangs on a case byte for byte"() {
    const bytes = Buffer.from([0, 13, 10, 255, 45, 45]);
    const { id: place } = await conn.sobject("Case").create({ Subject: "File" });
    const { id } = await conn.sobject("ContentVersion").create({
      Title: "raw",
      PathOnClient: "raw.bin",
      VersionData: bytes.toString("base64"),
      FirstPublishLocationId: place,
    });
    const chunks = await conn.sobject("ContentVersion").record(id).blob("VersionData").toArray();
    equal(Buffer.concat(chunks).toString("hex"), bytes.toString("hex"), "the bytes");
    const links = await conn
      .sobject("ContentDocumentLink")
      .find({ LinkedEntityId: place }, ["ContentDocument.Title"]);
    equal([links.length, links[0].ContentDocument.Title], [1, "raw"], "the link");
  },

  async "what a rep writes on a case is read"() {
    const { id } = await conn.sobject("Case").create({ Subject: "Rep" });
    await control("salesforce/crm/case/comment", { case: id, rep: "Rosa Lind", text: "Hello" });
    const [comment] = await conn
      .sobject("CaseComment")
      .find({ ParentId: id, IsPublished: true }, ["CommentBody", "CreatedBy.Name"]);
    equal([comment.CommentBody, comment.CreatedBy.Name], ["Hello", "Rosa Lind"], "the comment");
    await control("salesforce/crm/case/close", { case: id });
    equal((await conn.sobject("Case").retrieve(id)).IsClosed, true, "the end");
  },

  async "the day's calls are told"() {
    expect(conn.limitInfo.apiUsage.used > 0, "no calls were counted");
    const { DailyApiRequests } = await conn.limits();
    equal(DailyApiRequests.Max, conn.limitInfo.apiUsage.limit, "the allocation");
  },

  async "a token that was revoked is refused"() {
    const other = connection();
    await authorize(other);
    const { accessToken, instanceUrl } = other;
    await other.logoutByOAuth2();
    const late = new jsforce.Connection({ accessToken, instanceUrl, version: "67.0" });
    const [code] = await refused(() => late.query("SELECT Id FROM Contact"));
    equal(code, "INVALID_SESSION_ID", "a revoked token");
  },
};

await run(`jsforce ${jsforce.VERSION}`, Object.entries(checks));
