import type { Inbox } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useFresh } from "../../hooks.ts";
import { Link, type Place } from "../../router.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty } from "../../ui/notes.tsx";
import { InboxCard } from "./card.tsx";

/** The addresses at which customers reach the workspace, each with what can be done about it. */
export function ChannelsPage({ place }: { place: Place }) {
  const [loaded, refresh] = useFresh(useCallback(() => api.inboxes(), []));
  const some = loaded.phase === "ready" && loaded.value.length > 0;
  return (
    <div className="page">
      <title>Channels · Baton</title>
      <div className="heading">
        <h1>Channels</h1>
        {some && <AddLink />}
      </div>
      <p>The addresses at which customers reach you.</p>
      <WhenLoaded loaded={loaded} what="the channels" onRetry={refresh}>
        {(inboxes) =>
          inboxes.length === 0 ? (
            <NoChannels />
          ) : (
            <Cards inboxes={inboxes} added={place.query.get("added")} onChange={refresh} />
          )
        }
      </WhenLoaded>
    </div>
  );
}

function AddLink() {
  return (
    <Link className="button primary" to="/channels/new">
      Add a channel
    </Link>
  );
}

function NoChannels() {
  return (
    <Empty title="No channels yet">
      <p>
        A channel is an address at which customers write to you, such as a WhatsApp or SMS number.
        Add the first one here, or describe it in a workspace file and run{" "}
        <code>baton apply FILE</code> on the hub's machine.
      </p>
      <p>
        <AddLink />
      </p>
    </Empty>
  );
}

interface CardsProps {
  inboxes: Inbox[];
  /** The id of the one that was just added. */
  added: string | null;
  onChange: () => void;
}

function Cards({ inboxes, added, onChange }: CardsProps) {
  return (
    <ul className="cards channels">
      {inboxes.map((inbox) => (
        <InboxCard key={inbox.id} inbox={inbox} isNew={inbox.id === added} onChange={onChange} />
      ))}
    </ul>
  );
}
