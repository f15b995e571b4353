import {
  type CampaignView,
  priceOf,
  RECIPIENT_STATUSES,
  templateTitle,
  turnsTaken,
} from "@baton/client";
import { useCallback, useState } from "react";
import { api } from "../../access.ts";
import { useFresh } from "../../hooks.ts";
import { Link, type Place, withQuery } from "../../router.tsx";
import { Pair, Section } from "../../ui/facts.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { FullTime, span } from "../../ui/time.tsx";
import { sentence } from "../../ui/words.ts";
import { CampaignActions } from "./actions.tsx";
import { RECIPIENT_STATUS, StateChip } from "./parts.tsx";
import { Recipients } from "./recipients.tsx";

/** While it sends, numbers change this often. */
const WATCH_MS = 2_000;

/** One campaign: how far it has come, with whom, and what can be done about it. */
export function CampaignPage({ id, place }: { id: string; place: Place }) {
  const load = useCallback(async () => {
    const [campaign, inboxes] = await Promise.all([api.campaign(id), api.inboxes()]);
    return { campaign, inbox: inboxes.find((inbox) => inbox.id === campaign.inbox_id)?.name };
  }, [id]);
  const [loaded, refresh] = useFresh(load, WATCH_MS);
  const campaign = loaded.phase === "ready" ? loaded.value.campaign : undefined;
  return (
    <InnerPage
      title={campaign?.name ?? "Campaign"}
      chip={campaign && <StateChip state={campaign.state} />}
      back="/campaigns"
    >
      <WhenLoaded loaded={loaded} what="the campaign" onRetry={refresh}>
        {(ready) => <Shown {...ready} place={place} onChange={refresh} />}
      </WhenLoaded>
    </InnerPage>
  );
}

interface ShownProps {
  campaign: CampaignView;
  inbox: string | undefined;
  place: Place;
  onChange: () => void;
}

function Shown({ campaign, inbox, place, onChange }: ShownProps) {
  return (
    <>
      {campaign.why !== null && (
        <div className="note bad">
          {campaign.state === "cancelled" ? (
            <p>It was given up: {campaign.why}.</p>
          ) : (
            <>
              <p>It paused itself: {campaign.why}.</p>
              <p>When that is put right, let it go on.</p>
            </>
          )}
        </div>
      )}
      <Progress campaign={campaign} />
      <CampaignActions campaign={campaign} onChange={onChange} />
      <div className="split">
        <Section title="What is sent">
          <Facts campaign={campaign} inbox={inbox} />
        </Section>
        <Section title="Costs">
          <Costs campaign={campaign} />
        </Section>
      </div>
      <Counts campaign={campaign} place={place} />
      <Recipients campaign={campaign} place={place} />
    </>
  );
}

function Progress({ campaign }: { campaign: CampaignView }) {
  const { taken, total } = turnsTaken(campaign.counts);
  const [said] = useState(() => new Intl.NumberFormat());
  const waiting = total - taken;
  const left =
    campaign.state === "running" && waiting > 0
      ? `, about ${span((waiting / campaign.pace_per_minute) * 60 + 1)} left`
      : "";
  return (
    <div className="stack">
      <div
        className="meter"
        role="progressbar"
        aria-label="People who had their turn"
        aria-valuemin={0}
        aria-valuemax={total}
        aria-valuenow={taken}
      >
        {ON_THEIR_WAY.map((status) => (
          <span
            key={status}
            className={status}
            style={{ flexGrow: campaign.counts[status] ?? 0 }}
          />
        ))}
        <span className="waiting" style={{ flexGrow: waiting }} />
      </div>
      <p>
        {said.format(taken)} of {said.format(total)} {total === 1 ? "person" : "people"} had their
        turn{left}.
      </p>
    </div>
  );
}

/** Everything but those who are left out; who waits comes last. */
const ON_THEIR_WAY = RECIPIENT_STATUSES.filter((one) => one !== "waiting" && one !== "skipped");

/** Each number also filters the list below. */
function Counts({ campaign, place }: { campaign: CampaignView; place: Place }) {
  const shown = place.query.get("status");
  const some = RECIPIENT_STATUSES.filter((status) => (campaign.counts[status] ?? 0) > 0);
  return (
    <nav className="counts" aria-label="People by how far their message has come">
      <Link
        replace
        to={withQuery(place, { status: null, after: null })}
        aria-current={shown === null ? "true" : undefined}
      >
        <b>{campaign.total}</b> Everybody
      </Link>
      {some.map((status) => (
        <Link
          key={status}
          replace
          to={withQuery(place, { status, after: null })}
          aria-current={shown === status ? "true" : undefined}
        >
          <b>{campaign.counts[status]}</b>
          <span>
            <span className={`swatch ${status}`} aria-hidden="true" />
            {RECIPIENT_STATUS[status]}
          </span>
        </Link>
      ))}
    </nav>
  );
}

function Facts({ campaign, inbox }: { campaign: CampaignView; inbox: string | undefined }) {
  const { replies } = campaign;
  return (
    <dl>
      <Pair name="Inbox">{inbox ?? "A channel that is gone"}</Pair>
      <Pair name="Template">{templateTitle(campaign.template)}</Pair>
      <Pair name="Answers go to">
        {replies.to === "ai" ? "AI" : "A desk at once"}
        {replies.topic != null && <span className="fine">Topic {replies.topic}</span>}
      </Pair>
      <Pair name="Pace">At most {campaign.pace_per_minute} a minute</Pair>
      <Pair name="Made">
        <FullTime at={campaign.created_at} />
      </Pair>
      {campaign.ended_at !== null && (
        <Pair name="Ended">
          <FullTime at={campaign.ended_at} />
        </Pair>
      )}
    </dl>
  );
}

function Costs({ campaign }: { campaign: CampaignView }) {
  return (
    <dl>
      <Pair name="Charged for">
        {campaign.billable === 1 ? "1 message" : `${campaign.billable} messages`}
      </Pair>
      <Pair name="Price">
        {campaign.prices.length === 0
          ? sentence("the vendor has named none")
          : campaign.prices.map(priceOf).join(", ")}
      </Pair>
    </dl>
  );
}
