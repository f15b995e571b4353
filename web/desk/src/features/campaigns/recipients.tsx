import {
  type CampaignRecipient,
  type CampaignView,
  type RecipientStatus,
  whyLeftOut,
} from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useFresh } from "../../hooks.ts";
import { Link, type Place, withQuery } from "../../router.tsx";
import { Chip, type Tone } from "../../ui/chip.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { sentence } from "../../ui/words.ts";
import { recipientStatus } from "./parts.tsx";

/** A page of the list; a list is read page by page. */
const PAGE = 50;
/** While it sends, the list changes this often. */
const WATCH_MS = 4_000;

/** The people on a campaign's list and what became of their messages; filter and page are the URL's. */
export function Recipients({ campaign, place }: { campaign: CampaignView; place: Place }) {
  const status = place.query.get("status") ?? "";
  const after = place.query.get("after") ?? "";
  const load = useCallback(
    () => api.recipients(campaign.id, { status, after, limit: PAGE }),
    [campaign.id, status, after],
  );
  const [loaded, refresh] = useFresh(load, WATCH_MS);
  const next = loaded.phase === "ready" ? loaded.value.next : null;
  return (
    <section className="group" aria-label="People">
      <h2>{status === "" ? "Everybody on the list" : recipientStatus(status)}</h2>
      <WhenLoaded loaded={loaded} what="the people" onRetry={refresh}>
        {({ recipients }) => <People recipients={recipients} />}
      </WhenLoaded>
      <nav className="buttons" aria-label="Pages of the list">
        {after !== "" && (
          <Link className="button" to={withQuery(place, { after: null })}>
            First page
          </Link>
        )}
        {next != null && (
          <Link className="button" to={withQuery(place, { after: String(next) })}>
            Next page
          </Link>
        )}
      </nav>
    </section>
  );
}

function People({ recipients }: { recipients: CampaignRecipient[] }) {
  if (recipients.length === 0) return <p>Nobody here at the moment.</p>;
  return (
    <ol className="rows people">
      {recipients.map((recipient) => (
        <Row key={recipient.place} recipient={recipient} />
      ))}
    </ol>
  );
}

const TONE: Partial<Record<RecipientStatus, Tone>> = {
  delivered: "good",
  read: "good",
  failed: "bad",
  unknown: "warn",
  skipped: "warn",
};

function Row({ recipient }: { recipient: CampaignRecipient }) {
  const { place, to, name, status, why, session_id } = recipient;
  return (
    <li className="row">
      <div className="row-top">
        <span className="number">{place}</span>
        {session_id === null ? (
          <b>{to === "" ? "No number" : to}</b>
        ) : (
          <Link className="row-link" to={`/sessions/${session_id}`}>
            {to}
          </Link>
        )}
        {name !== null && <span>{name}</span>}
        <span className="age">
          <Chip tone={TONE[status as RecipientStatus] ?? "plain"}>{recipientStatus(status)}</Chip>
        </span>
      </div>
      {why !== null && <p className="fine">{sentence(whyLeftOut(why, (key) => `Field ${key}`))}</p>}
    </li>
  );
}
