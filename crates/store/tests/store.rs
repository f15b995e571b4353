//! One suite, run on SQLite and on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "suite/world.rs"]
mod world;

#[path = "suite/access.rs"]
mod access;
#[path = "suite/campaign.rs"]
mod campaign;
#[path = "suite/commit.rs"]
mod commit;
#[path = "suite/config.rs"]
mod config;
#[path = "suite/evidence.rs"]
mod evidence;
#[path = "suite/inbound.rs"]
mod inbound;
#[path = "suite/lease.rs"]
mod lease;
#[path = "suite/message_list.rs"]
mod message_list;
#[path = "suite/model.rs"]
mod model;
#[path = "suite/people.rs"]
mod people;
#[path = "suite/queue.rs"]
mod queue;
#[path = "suite/session.rs"]
mod session;
#[path = "suite/stream.rs"]
mod stream;
#[path = "suite/template.rs"]
mod template;

/// Makes a test of each async function on both databases.
#[macro_export]
macro_rules! both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                $crate::world::run($crate::world::Kind::Sqlite, |w| Box::pin(super::$name(w)));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                $crate::world::run($crate::world::Kind::Postgres, |w| Box::pin(super::$name(w)));
            })+
        }
    };
}
