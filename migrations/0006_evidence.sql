-- What a desk has refused lately is found without reading the whole outbox.

create index "delivery_desk" on "delivery" ("desk", "created_at") where "desk" is not null;
create index "handoff_desk" on "handoff" ("desk", "requested_at");
