-- What a message costs, as its vendor reports it; and merges that were taken back.

alter table "message" add column "cost" text;
create index "message_cost" on "message" ("session") where "cost" is not null;

alter table "merge" add column "undone_at" bigint;
create index "merge_keep" on "merge" ("workspace", "keep");
