-- Serves SQLite and PostgreSQL alike: only text and bigint; times in milliseconds; booleans 0 or 1.

create table "meta" (
  "name" text not null primary key,
  "value" text not null
);

create table "lease" (
  "partition" bigint not null primary key,
  "node" text,
  "term" bigint not null,
  "expires_at" bigint not null
);

create table "workspace" (
  "id" text not null primary key,
  "name" text not null,
  "settings" text not null,
  "session_number" bigint not null default 0,
  "feed_position" bigint not null default 0
);

create table "inbox" (
  "id" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "name" text not null,
  "channel" text not null,
  "vendor" text not null,
  "ai" bigint not null,
  "settings" text not null,
  "stopped" bigint not null default 0,
  "secrets" text
);

create table "desk" (
  "id" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "name" text not null,
  "vendor" text not null,
  "settings" text not null,
  "stopped" bigint not null default 0,
  "secrets" text
);

create table "routes" (
  "workspace" text not null primary key references "workspace" ("id"),
  "routes" text not null,
  "engine_secrets" text
);

create table "inbound" (
  "id" text not null primary key,
  "workspace" text not null,
  "source" text not null,
  "vendor_event_id" text,
  "source_key" text not null,
  "body" text not null,
  "received_at" bigint not null,
  "tries" bigint not null,
  "seq" bigint not null,
  "partition" bigint not null,
  "state" text not null check ("state" in ('waiting', 'done', 'parked')),
  "next_at" bigint not null,
  "park_code" text,
  "park_reason" text
);
create unique index "inbound_event" on "inbound" ("source", "vendor_event_id");
create index "inbound_seq" on "inbound" ("seq");
create index "inbound_key" on "inbound" ("source", "source_key", "seq") where "state" = 'waiting';
create index "inbound_due" on "inbound" ("next_at", "seq") where "state" = 'waiting';
create index "inbound_parked" on "inbound" ("workspace", "seq") where "state" = 'parked';

create table "intake" (
  "seq" bigint not null,
  "node" text not null,
  "count" bigint not null,
  "received_at" bigint not null,
  "events" text not null,
  primary key ("seq", "node")
);

create table "contact" (
  "id" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "name" text
);

create table "contact_point" (
  "workspace" text not null,
  "kind" text not null,
  "value" text not null,
  "contact" text not null,
  "place" bigint not null,
  primary key ("workspace", "kind", "value")
);
create index "contact_point_contact" on "contact_point" ("contact", "place");

create table "alias" (
  "workspace" text not null,
  "inbox" text not null,
  "kind" text not null,
  "value" text not null,
  "conversation" text not null,
  primary key ("inbox", "kind", "value")
);
create index "alias_conversation" on "alias" ("conversation");

create table "conversation" (
  "id" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "inbox" text not null references "inbox" ("id"),
  "contact" text not null,
  "version" bigint not null,
  "last_position" bigint not null,
  "last_seq" bigint not null,
  "window" text,
  "reengaged" bigint not null,
  "awaited" text,
  "partition" bigint not null
);
create index "conversation_contact" on "conversation" ("contact");

create table "merge" (
  "workspace" text not null,
  "keep" text not null,
  "absorb" text not null,
  "at" bigint not null,
  "moved" text not null,
  primary key ("absorb", "at")
);

create table "session" (
  "id" text not null primary key,
  "workspace" text not null,
  "conversation" text not null references "conversation" ("id"),
  "number" bigint not null,
  "owner" text not null,
  "epoch" bigint not null,
  "opened_at" bigint not null,
  "last_activity_at" bigint not null,
  "closed_at" bigint,
  "close_reason" text,
  "answered_up_to" bigint not null,
  "asked_up_to" bigint not null,
  "asked_at" bigint,
  "reruns" bigint not null,
  "misses" bigint not null,
  "tokens_spent" bigint not null,
  "language" text,
  "metadata" text not null
);
create unique index "session_number" on "session" ("workspace", "number");
create index "session_open" on "session" ("conversation", "number") where "closed_at" is null;
create index "session_conversation" on "session" ("conversation", "number");
create index "session_activity" on "session" ("workspace", "last_activity_at", "id");

create table "trace" (
  "workspace" text not null,
  "value" text not null,
  "session" text not null,
  primary key ("workspace", "value", "session")
);

create table "message" (
  "id" text not null primary key,
  "workspace" text not null,
  "conversation" text not null references "conversation" ("id"),
  "session" text not null references "session" ("id"),
  "position" bigint not null,
  "author" text not null,
  "content" text not null,
  "at" bigint not null,
  "recorded_at" bigint not null,
  "vendor_id" text,
  "reply_to" text,
  "status" text not null,
  "fault" text,
  "citations" text not null,
  "author_kind" text not null
);
create unique index "message_position" on "message" ("conversation", "position");
create index "message_session" on "message" ("session", "position");
create index "message_vendor" on "message" ("workspace", "vendor_id") where "vendor_id" is not null;

create table "handoff" (
  "id" text not null primary key,
  "workspace" text not null,
  "conversation" text not null references "conversation" ("id"),
  "session" text not null references "session" ("id"),
  "desk" text not null references "desk" ("id"),
  "choice" bigint not null,
  "state" text not null,
  "reason" text not null,
  "epoch" bigint not null,
  "transcript_up_to" bigint not null,
  "plan_seq" bigint not null,
  "brief" text,
  "work" text,
  "rep_name" text,
  "requested_at" bigint not null,
  "opened_at" bigint,
  "closed_at" bigint,
  "fault" text,
  "live" bigint not null,
  "work_id" text,
  "work_reference" text
);
create unique index "handoff_live" on "handoff" ("session") where "live" = 1;
create index "handoff_session" on "handoff" ("session", "plan_seq");
create index "handoff_conversation" on "handoff" ("conversation", "plan_seq");
create index "handoff_work" on "handoff" ("desk", "work_id");
create index "handoff_work_id" on "handoff" ("workspace", "work_id");
create index "handoff_work_reference" on "handoff" ("workspace", "work_reference");
create index "handoff_open" on "handoff" ("state") where "live" = 1;

create table "delivery" (
  "id" text not null primary key,
  "workspace" text not null,
  "conversation" text not null references "conversation" ("id"),
  "session" text not null references "session" ("id"),
  "destination" text not null check ("destination" in ('customer', 'desk')),
  "handoff" text,
  "desk" text,
  "seq" bigint not null,
  "author" text not null,
  "epoch" bigint not null,
  "payload" text not null,
  "state" text not null check (
    "state" in ('waiting', 'held', 'sending', 'settling', 'done', 'failed', 'cancelled')
  ),
  "hold" text,
  "next_at" bigint not null,
  "attempts" bigint not null,
  "created_at" bigint not null,
  "settle_until" bigint,
  "vendor_id" text,
  "fault" text,
  "queue" text not null,
  "queued" bigint not null,
  "unfinished" bigint not null,
  "message_id" text,
  "payload_kind" text not null,
  "partition" bigint not null,
  check (("state" = 'held') = ("hold" is not null))
);
create index "delivery_queue" on "delivery" ("queue", "seq") where "queued" = 1;
create index "delivery_due" on "delivery" ("next_at") where "state" = 'waiting';
create index "delivery_sending" on "delivery" ("conversation") where "state" = 'sending';
create index "delivery_unfinished" on "delivery" ("conversation", "seq") where "unfinished" = 1;
create index "delivery_conversation" on "delivery" ("conversation", "seq");
create index "delivery_handoff" on "delivery" ("handoff") where "handoff" is not null;
create index "delivery_vendor" on "delivery" ("vendor_id") where "vendor_id" is not null;

create table "attempt" (
  "id" text not null primary key,
  "workspace" text not null,
  "conversation" text not null,
  "delivery" text not null references "delivery" ("id"),
  "number" bigint not null,
  "started_at" bigint not null,
  "ended_at" bigint,
  "outcome" text
);
create unique index "attempt_delivery" on "attempt" ("delivery", "number");
create index "attempt_conversation" on "attempt" ("conversation", "started_at");

create table "task" (
  "id" text not null,
  "workspace" text not null,
  "conversation" text not null,
  "what" text not null,
  "due_at" bigint not null,
  "kind" text not null,
  "subject" text not null,
  "partition" bigint not null,
  primary key ("kind", "subject")
);
create index "task_due" on "task" ("due_at");

create table "consent" (
  "workspace" text not null,
  "inbox" text not null,
  "kind" text not null,
  "value" text not null,
  "scope" text not null,
  "seq" bigint not null,
  "opted_out" bigint not null,
  "at" bigint not null,
  "source" text not null,
  primary key ("inbox", "kind", "value", "scope", "seq")
);

create table "feed" (
  "workspace" text not null,
  "position" bigint not null,
  "at" bigint not null,
  "session" text,
  "kind" text not null,
  "data" text not null,
  primary key ("workspace", "position")
);
create index "feed_session" on "feed" ("workspace", "session", "position");

create table "user" (
  "id" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "email" text not null,
  "name" text not null,
  "password_hash" text not null,
  "created_at" bigint not null
);
create unique index "user_email" on "user" ("email");

create table "setup" (
  "name" text not null primary key,
  "token_hash" text not null,
  "expires_at" bigint not null
);

create table "login" (
  "token_hash" text not null primary key,
  "workspace" text not null,
  "user" text not null references "user" ("id"),
  "csrf" text not null,
  "created_at" bigint not null,
  "expires_at" bigint not null
);

create table "api_key" (
  "key_hash" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "name" text not null,
  "created_at" bigint not null
);
create unique index "api_key_name" on "api_key" ("workspace", "name");
