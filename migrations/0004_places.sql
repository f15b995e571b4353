-- The place that a handoff was given to, as the route said it then, and what its plan learned.

alter table "handoff" add column "target" text not null default '{}';
update "handoff" set "target" = '{"desk":"' || "desk" || '"}';
alter table "handoff" add column "learned" text not null default '{}';
