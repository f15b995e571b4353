-- Templates as their vendors hold them, and one template on its way to many people.

create table "template" (
  "id" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "inbox" text not null references "inbox" ("id"),
  "vendor_id" text not null,
  "name" text not null,
  "language" text not null,
  "category" text not null,
  "status" text not null,
  "quality" text,
  "reason" text,
  "parts" text not null,
  "synced_at" bigint not null
);
create unique index "template_vendor" on "template" ("inbox", "vendor_id");
create index "template_name" on "template" ("inbox", "name", "language");
create index "template_workspace" on "template" ("workspace", "name", "language", "id");

create table "campaign" (
  "id" text not null primary key,
  "workspace" text not null references "workspace" ("id"),
  "inbox" text not null references "inbox" ("id"),
  "name" text not null,
  "template" text not null,
  "replies" text not null,
  "pace_per_minute" bigint not null,
  "state" text not null check (
    "state" in ('loading', 'running', 'paused', 'done', 'cancelled')
  ),
  "why" text,
  "created_at" bigint not null,
  "ended_at" bigint
);
create index "campaign_workspace" on "campaign" ("workspace", "created_at", "id");
create index "campaign_running" on "campaign" ("state") where "state" = 'running';

create table "recipient" (
  "campaign" text not null references "campaign" ("id"),
  "place" bigint not null,
  "workspace" text not null,
  "point" text,
  "given" text not null,
  "name" text,
  "values" text not null,
  "state" text not null check ("state" in ('waiting', 'queued', 'skipped')),
  "why" text,
  "session" text,
  "message" text,
  "delivery" text,
  "marked_at" bigint,
  primary key ("campaign", "place")
);
create index "recipient_waiting" on "recipient" ("campaign", "place") where "state" = 'waiting';
