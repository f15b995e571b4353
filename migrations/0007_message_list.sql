-- Since when the messages that a vendor holds of an inbox's address are ours to read.

create table "message_list" (
  "inbox" text not null primary key references "inbox" ("id"),
  "workspace" text not null,
  "subject" text not null,
  "begun_at" bigint not null
);
