-- An index on fewer columns that comes in the wanted order must not be taken for the one that finds
-- the row, and what is unfinished must not be sought among all that ever was in a conversation.

drop index "handoff_work";
create index "handoff_work" on "handoff" ("desk", "work_id", "requested_at");
drop index "delivery_unfinished";
create index "delivery_unfinished" on "delivery" ("conversation", "unfinished", "seq")
  where "unfinished" = 1;
