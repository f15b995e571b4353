-- Where the streams of desks go on, and what desks keep over restarts.

create table "stream" (
  "desk" text not null references "desk" ("id"),
  "workspace" text not null,
  "subject" text not null,
  "cursor" text,
  "heard_at" bigint not null,
  "trouble" text not null default '',
  primary key ("desk", "subject")
);

create table "kept" (
  "desk" text not null references "desk" ("id"),
  "workspace" text not null,
  "name" text not null,
  "sealed" text not null,
  "valid_until" bigint not null,
  primary key ("desk", "name")
);

alter table "handoff" add column "wait_told_at" bigint;
