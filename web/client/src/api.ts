import { ApiError, asApiError, errorFrom, UNREADABLE } from "./error.ts";
import type {
  Campaign,
  CampaignCheck,
  CampaignRecipients,
  CampaignView,
  Checked,
  Desk,
  DeskAddress,
  DeskChange,
  DeskChecked,
  DeskTried,
  Evidence,
  FactPage,
  Inbox,
  InboxChange,
  Me,
  MessagePage,
  NewCampaign,
  NewDesk,
  NewInbox,
  NewRoute,
  Registration,
  Route,
  Session,
  SessionPage,
  SmsSegments,
  Template,
  TemplateSent,
  Templates,
  TestSent,
  Values,
  Vendors,
  WorkspaceSettings,
} from "./types.ts";

/** A request that takes longer has failed for the person who waits. */
const REQUEST_TIMEOUT_MS = 20_000;
/** The same for one that has a desk's vendor asked a dozen things. */
const TRIAL_TIMEOUT_MS = 40_000;
/** The same for one that carries a long list of people. */
const LIST_TIMEOUT_MS = 120_000;

export interface SessionFilter {
  state?: string | undefined;
  owner?: string | undefined;
  q?: string | undefined;
}

export interface FeedQuery {
  after?: number | undefined;
  session?: string | undefined;
}

export interface ApiOptions {
  /** Origin of the hub; empty means the page's own. */
  base?: string;
  fetch?: typeof fetch;
}

type Query = Record<string, string | number | null | undefined>;

/** The hub's HTTP API. Keeps the CSRF token of the cookie session in memory only. */
export class Api {
  readonly #base: string;
  readonly #fetch: typeof fetch;
  #csrf: string | null = null;
  /** Called when the hub no longer knows who we are. */
  onSignedOut: () => void = () => {};

  constructor(options: ApiOptions = {}) {
    this.#base = options.base ?? "";
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  async login(email: string, password: string): Promise<Me> {
    return this.#signedIn(await this.#post("/api/login", { email, password }));
  }

  async setup(form: { token: string; email: string; name: string; password: string }): Promise<Me> {
    return this.#signedIn(await this.#post("/api/setup", form));
  }

  async logout(): Promise<void> {
    await this.#request("POST", "/api/logout");
    this.#csrf = null;
  }

  async me(): Promise<Me> {
    return this.#signedIn(await this.#get("/api/me"));
  }

  sessions(filter: SessionFilter, after?: string, limit = 50): Promise<SessionPage> {
    return this.#get("/api/sessions", { ...filter, limit, after });
  }

  session(id: string): Promise<Session> {
    return this.#get(`/api/sessions/${encodeURIComponent(id)}`);
  }

  messages(id: string, after: number, limit: number): Promise<MessagePage> {
    return this.#get(`/api/sessions/${encodeURIComponent(id)}/messages`, { after, limit });
  }

  feedPage(query: FeedQuery, limit: number): Promise<FactPage> {
    return this.#get("/api/feed/page", { ...query, limit });
  }

  async inboxes(): Promise<Inbox[]> {
    return (await this.#get<{ inboxes: Inbox[] }>("/api/inboxes")).inboxes;
  }

  /** The vendors of channels and those of desks. */
  vendors(): Promise<Vendors> {
    return this.#get("/api/vendors");
  }

  makeInbox(inbox: NewInbox): Promise<Inbox> {
    return this.#post("/api/inboxes", inbox);
  }

  changeInbox(id: string, change: InboxChange): Promise<Inbox> {
    return this.#request("PATCH", inboxPath(id), change);
  }

  /** Asks the vendor whether the account is right; an account that is wrong is no error here. */
  checkInbox(id: string): Promise<Checked> {
    return this.#request("POST", `${inboxPath(id)}/check`);
  }

  inboxRegistration(id: string): Promise<Registration> {
    return this.#get(`${inboxPath(id)}/registration`);
  }

  /** The templates of one inbox, or of all. */
  templates(inbox?: string): Promise<Templates> {
    return this.#get("/api/templates", { inbox });
  }

  template(id: string): Promise<Template> {
    return this.#get(`/api/templates/${encodeURIComponent(id)}`);
  }

  sendTemplate(session: string, template: string, values: Values): Promise<TemplateSent> {
    const path = `/api/sessions/${encodeURIComponent(session)}/template`;
    return this.#post(path, { template_id: template, values });
  }

  async campaigns(): Promise<Campaign[]> {
    return (await this.#get<{ campaigns: Campaign[] }>("/api/campaigns")).campaigns;
  }

  campaign(id: string): Promise<CampaignView> {
    return this.#get(campaignPath(id));
  }

  recipients(
    id: string,
    page: { status?: string; after?: number | string; limit?: number },
  ): Promise<CampaignRecipients> {
    return this.#get(`${campaignPath(id)}/recipients`, page);
  }

  /** Looks at the whole list; makes and sends nothing. */
  checkCampaign(campaign: NewCampaign): Promise<CampaignCheck> {
    return this.#request("POST", "/api/campaigns/check", campaign, LIST_TIMEOUT_MS);
  }

  makeCampaign(campaign: NewCampaign): Promise<CampaignView> {
    return this.#request("POST", "/api/campaigns", campaign, LIST_TIMEOUT_MS);
  }

  /** `cancel` is for good. */
  moveCampaign(id: string, how: "pause" | "resume" | "cancel"): Promise<CampaignView> {
    return this.#request("POST", `${campaignPath(id)}/${how}`);
  }

  /** Has the hub read an inbox's templates from its vendor now. */
  syncTemplates(inbox: string): Promise<{ count: number }> {
    return this.#request("POST", `${inboxPath(inbox)}/templates/sync`);
  }

  testInbox(id: string, test: { to: string; text: string }): Promise<TestSent> {
    return this.#post(`${inboxPath(id)}/test`, test);
  }

  smsSegments(text: string): Promise<SmsSegments> {
    return this.#post("/api/sms/segments", { text });
  }

  /** Where the bytes of a message's file are. */
  fileUrl(session: string, message: string): string {
    const [id, of] = [session, message].map(encodeURIComponent);
    return `${this.#base}/api/sessions/${id}/messages/${of}/file`;
  }

  settings(): Promise<WorkspaceSettings> {
    return this.#get("/api/settings");
  }

  async desks(): Promise<Desk[]> {
    return (await this.#get<{ desks: Desk[] }>("/api/desks")).desks;
  }

  /** A hook's address for a desk that is yet to be made. */
  deskAddress(): Promise<DeskAddress> {
    return this.#post("/api/desks/address", {});
  }

  /** Tries the settings with the vendor; makes the desk only where everything works. */
  makeDesk(desk: NewDesk): Promise<DeskTried> {
    return this.#request("POST", "/api/desks", desk, TRIAL_TIMEOUT_MS);
  }

  /** New settings are tried with the vendor, and kept only where everything works. */
  changeDesk(id: string, change: DeskChange): Promise<DeskTried> {
    return this.#request("PATCH", deskPath(id), change, TRIAL_TIMEOUT_MS);
  }

  checkDesk(id: string): Promise<DeskChecked> {
    return this.#request("POST", `${deskPath(id)}/check`, undefined, TRIAL_TIMEOUT_MS);
  }

  /** What was recorded about the desk lately, under the questions that people ask. */
  deskEvidence(id: string): Promise<Evidence> {
    return this.#get(`${deskPath(id)}/evidence`);
  }

  async routes(): Promise<Route[]> {
    return (await this.#get<{ routes: Route[] }>("/api/routes")).routes;
  }

  /** Replaces all routes. */
  async putRoutes(routes: NewRoute[]): Promise<Route[]> {
    return (await this.#request<{ routes: Route[] }>("PUT", "/api/routes", { routes })).routes;
  }

  /** Opens the feed; the body stays open until the signal aborts. */
  async feed(query: FeedQuery, signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send("GET", withQuery("/api/feed", { ...query }), {
      headers: { accept: "text/event-stream" },
      signal,
    });
    if (response.body === null) throw new ApiError(UNREADABLE, "the hub sent no feed");
    return response.body;
  }

  #signedIn(me: Me): Me {
    this.#csrf = me.csrf;
    return me;
  }

  #get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#request("GET", withQuery(path, query));
  }

  #post<T>(path: string, body: unknown): Promise<T> {
    return this.#request("POST", path, body);
  }

  async #request<T>(
    method: string,
    path: string,
    body?: unknown,
    timeoutMs = REQUEST_TIMEOUT_MS,
  ): Promise<T> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (method !== "GET" && this.#csrf !== null) headers["x-csrf-token"] = this.#csrf;
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await this.#send(method, path, {
      headers,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (response.status === 204) return undefined as T;
    return response.json().catch(() => {
      throw new ApiError(UNREADABLE, "the hub's answer could not be read", response.status);
    });
  }

  async #send(method: string, path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await this.#fetch(this.#base + path, {
        method,
        credentials: "same-origin",
        ...init,
      });
    } catch (thrown) {
      throw asApiError(thrown);
    }
    if (response.ok) return response;
    const error = await errorFrom(response);
    // A wrong password is also a 401, but it does not end anybody's session.
    if (error.status === 401 && path !== "/api/login") this.onSignedOut();
    throw error;
  }
}

function inboxPath(id: string): string {
  return `/api/inboxes/${encodeURIComponent(id)}`;
}

function deskPath(id: string): string {
  return `/api/desks/${encodeURIComponent(id)}`;
}

function campaignPath(id: string): string {
  return `/api/campaigns/${encodeURIComponent(id)}`;
}

function withQuery(path: string, query: Query): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") params.set(name, String(value));
  }
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}
