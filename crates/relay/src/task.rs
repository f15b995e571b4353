//! Things whose time has come.

use std::{sync::Arc, time::Duration};

use baton_core::{ids::TaskId, step::Input, task::Task, task::TaskKind};
use baton_store::StoreError;
use tokio::sync::Notify;

use crate::{
    apply::{ApplyError, Postponed},
    hub::Hub,
    pump::{self, Queue},
};

/// The pause after a task could not be done, in real time.
const AFTER_ERROR: Duration = Duration::from_millis(500);

struct Tasks;

pub(crate) async fn run(hub: Arc<Hub>) {
    pump::run(hub, Arc::new(Tasks)).await;
}

impl Queue for Tasks {
    type Item = Task;
    type Key = TaskId;

    fn name(&self) -> &'static str {
        "tasks"
    }

    fn at_once(&self, hub: &Hub) -> usize {
        hub.config.tasks_at_once
    }

    fn bell<'a>(&self, hub: &'a Hub) -> &'a Notify {
        &hub.wakes.tasks
    }

    async fn due(&self, hub: &Hub, limit: usize) -> Result<Vec<Task>, StoreError> {
        hub.store.task_due(hub.clock.now(), limit).await
    }

    fn key(&self, item: &Task) -> TaskId {
        item.id
    }

    async fn work(&self, hub: Arc<Hub>, item: Task) {
        let mut done = hub.do_task(&item).await;
        if matches!(done, Err(ApplyError::NoInbox)) {
            done = hub.postpone(item.conversation, Postponed::Task(item.what)).await;
        }
        if let Err(error) = done {
            tracing::warn!(task = item.what.name(), id = %item.id, %error, "task not done yet");
            tokio::time::sleep(AFTER_ERROR).await;
        }
    }
}

impl Hub {
    async fn do_task(&self, task: &Task) -> Result<(), ApplyError> {
        match task.what {
            TaskKind::Turn(session) => self.turn(task.conversation, session).await,
            TaskKind::Brief(handoff) => self.brief(task.conversation, handoff).await,
            TaskKind::Recall(handoff) => self.recall(task.conversation, handoff).await,
            TaskKind::Reconcile(handoff) => self.reconcile(task.conversation, handoff).await,
            TaskKind::Settle(delivery) => self.settle(task.conversation, delivery).await,
            // Fetches have their own workers.
            TaskKind::Fetch(_) => Ok(()),
            TaskKind::Return(_) | TaskKind::Silence(_) | TaskKind::Patience(_) => {
                self.apply_to(task.conversation, Input::Due(task.what)).await.map(|_| ())
            }
        }
    }
}
