/**
 * The words of the hub's HTTP API, from the generated `schema.ts`. Everything else imports its
 * names from here; what the description leaves open is narrowed here and nowhere else.
 */
import type { components } from "./schema.ts";

type Schemas = components["schemas"];

/** RFC 3339, UTC, milliseconds. */
export type Instant = string;

export type Owner = Schemas["Owner"];
export type SessionState = Schemas["SessionState"];
export type Channel = Schemas["Channel"];
export type AuthorKind = Schemas["AuthorKind"];
export type HandoffState = Schemas["HandoffState"];
export type HandoffReason = Schemas["HandoffReason"];
export type ConnectionState = Schemas["ConnectionState"];
export type CloseReason = Schemas["CloseReason"];
export type MessageStatus = Schemas["MessageStatus"];

export type Me = Schemas["Me"];
export type Brief = Schemas["Brief"];
export type Handoff = Schemas["Handoff"];
export type Contact = Schemas["Contact"];
export type Session = Schemas["Session"];
export type SessionPage = Schemas["SessionPage"];

export type Message = Omit<Schemas["Message"], "content"> & {
  content: { type: string; [key: string]: unknown };
};
export type Cost = Schemas["Cost"];
export type CostTotal = Schemas["CostTotal"];
export type Price = Schemas["Price"];

export type MessagePage = Omit<Schemas["MessagePage"], "messages"> & { messages: Message[] };

type Narrowed<F> = F extends { kind: "message_added" | "message_changed" }
  ? Omit<F, "data"> & { data: Message }
  : F;

/** Facts about a session carry it as it is when they are read; null when it is gone. */
export type Fact = Narrowed<Schemas["Fact"]>;

export type FactPage = Omit<Schemas["FactPage"], "facts"> & { facts: Fact[] };

export type Inbox = Schemas["Inbox"];
export type Desk = Schemas["Desk"];
export type DeskAddress = Schemas["DeskAddress"];
export type DeskCheck = Schemas["DeskCheck"];
export type DeskChecked = Schemas["DeskChecked"];
export type Evidence = Schemas["Evidence"];
export type EvidenceQuestion = Schemas["Question"];
export type Found = Schemas["Found"];
export type DeskTried = Schemas["DeskTried"];
export type Route = Schemas["Route"];
export type NewRoute = Schemas["NewRoute"];
export type WorkKind = Schemas["WorkKind"];
export type Unavailable = Schemas["Unavailable"];
export type Vendor = Schemas["Vendor"];
export type Vendors = Schemas["Vendors"];
export type Field = Schemas["Field"];
export type Checked = Schemas["Checked"];
export type Template = Schemas["Template"];
export type FormField = Schemas["FormField"];
export type Templates = Schemas["Templates"];
export type TemplateSent = Schemas["TemplateSent"];
export type Values = Record<string, string>;

export type Campaign = Schemas["Campaign"];
export type CampaignView = Schemas["CampaignView"];
export type CampaignCheck = Schemas["CampaignCheck"];
export type CampaignRecipient = Schemas["CampaignRecipient"];
export type CampaignRecipients = Schemas["CampaignRecipients"];
export type RefusedPerson = Schemas["RefusedPerson"];
export interface Person {
  to: string;
  name: string | null;
  values: Values;
}
export type NewCampaign = Omit<Schemas["NewCampaign"], "recipients" | "values"> & {
  recipients: Person[];
  values: Values;
};
export type Registration = Schemas["Registration"];
export type TestSent = Schemas["TestSent"];
export type SmsSegments = Schemas["SmsSegments"];

/** Settings to set; null takes one away. */
export type SettingsChange = Record<string, string | null>;
export type NewInbox = Schemas["NewInbox"] & { settings: SettingsChange };
export type InboxChange = Schemas["InboxChange"] & { settings?: SettingsChange };

/** What the workspace decided for itself, as far as the console uses it. */
export interface WorkspaceSettings {
  /** The topics under which AI sorts what customers want. */
  classifications: string[];
}
export type NewDesk = Schemas["NewDesk"] & { settings: SettingsChange };
export type DeskChange = Schemas["DeskChange"] & { settings?: SettingsChange };
