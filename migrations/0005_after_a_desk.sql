-- When a rep last ended a session of the conversation: who writes again soon may be theirs again.

alter table "conversation" add column "rep_ended_at" bigint;
