import type { Desk, Inbox } from "@baton/client";
import { type ReactNode, useCallback } from "react";
import { api } from "../../access.ts";
import { useLoaded } from "../../hooks.ts";
import { Empty, ErrorNote } from "../../ui/notes.tsx";
import { CHANNEL } from "../../ui/words.ts";
import { ConnectionCard } from "./card.tsx";

export function ChannelsPage() {
  return (
    <ConnectionsPage<Inbox>
      title="Channels"
      intro="The addresses at which customers reach you."
      load={useCallback(() => api.inboxes(), [])}
      kind={(inbox) => CHANNEL[inbox.channel]}
      empty="A channel is a WhatsApp number, for example. Describe yours in a workspace file"
    />
  );
}

export function DesksPage() {
  return (
    <ConnectionsPage<Desk>
      title="Desks"
      intro="The places where your reps take over from AI."
      load={useCallback(() => api.desks(), [])}
      kind={(desk) => desk.vendor}
      empty="Without a desk, nobody can take over from AI. Describe yours in a workspace file"
    />
  );
}

interface ConnectionsPageProps<T> {
  title: string;
  intro: string;
  load: () => Promise<T[]>;
  kind: (item: T) => string;
  /** What to do when there is none; goes on with the command. */
  empty: string;
}

function ConnectionsPage<T extends Desk>(props: ConnectionsPageProps<T>) {
  const { title, intro, load, kind, empty } = props;
  const [loaded, retry] = useLoaded(load);
  let content: ReactNode;
  if (loaded.phase === "loading") content = <p>Loading {title.toLowerCase()}…</p>;
  else if (loaded.phase === "failed")
    content = (
      <ErrorNote doing={`load the ${title.toLowerCase()}`} error={loaded.error} onRetry={retry} />
    );
  else if (loaded.value.length === 0)
    content = (
      <Empty title={`No ${title.toLowerCase()} yet`}>
        <p>
          {empty} and run <code>baton apply FILE</code> on the hub's machine.
        </p>
      </Empty>
    );
  else
    content = (
      <ul className="cards">
        {loaded.value.map((item) => (
          <ConnectionCard key={item.id} item={item} kind={kind(item)} />
        ))}
      </ul>
    );
  return (
    <div className="page">
      <title>{`${title} · Baton`}</title>
      <h1>{title}</h1>
      <p>{intro}</p>
      {content}
    </div>
  );
}
