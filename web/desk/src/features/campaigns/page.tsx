import { type Campaign, templateTitle } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useFresh } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty } from "../../ui/notes.tsx";
import { Age } from "../../ui/time.tsx";
import { StateChip } from "./parts.tsx";

/** One template on its way to many people, the newest campaign first. */
export function CampaignsPage() {
  const load = useCallback(async () => {
    const [campaigns, inboxes] = await Promise.all([api.campaigns(), api.inboxes()]);
    const names = new Map(inboxes.map((inbox) => [inbox.id, inbox.name]));
    return { campaigns, names, able: inboxes.some((inbox) => inbox.templates) };
  }, []);
  const [loaded, refresh] = useFresh(load);
  const some = loaded.phase === "ready" && loaded.value.campaigns.length > 0;
  return (
    <div className="page">
      <title>Campaigns · Baton</title>
      <div className="heading">
        <h1>Campaigns</h1>
        {some && <AddLink />}
      </div>
      <p>One template to many people. Their answers go to AI or straight to a desk.</p>
      <WhenLoaded loaded={loaded} what="the campaigns" onRetry={refresh}>
        {({ campaigns, names, able }) =>
          campaigns.length === 0 ? (
            <NoCampaigns able={able} />
          ) : (
            <ul className="rows" aria-label="Campaigns, newest first">
              {campaigns.map((campaign) => (
                <Row
                  key={campaign.id}
                  campaign={campaign}
                  inbox={names.get(campaign.inbox_id) ?? "A channel that is gone"}
                />
              ))}
            </ul>
          )
        }
      </WhenLoaded>
    </div>
  );
}

function AddLink() {
  return (
    <Link className="button primary" to="/campaigns/new">
      Make a campaign
    </Link>
  );
}

function NoCampaigns({ able }: { able: boolean }) {
  if (!able) {
    return (
      <Empty title="No campaigns yet">
        <p>
          A campaign needs a WhatsApp number with an approved template. Add one under{" "}
          <Link to="/channels">channels</Link> first.
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No campaigns yet">
      <p>
        You need an approved <Link to="/templates">template</Link> and a list of phone numbers, such
        as a sheet saved as CSV. Nothing is sent before you have seen what would become of the whole
        list.
      </p>
      <p>
        <AddLink />
      </p>
    </Empty>
  );
}

function Row({ campaign, inbox }: { campaign: Campaign; inbox: string }) {
  return (
    <li className="row">
      <div className="row-top">
        <Link className="row-link" to={`/campaigns/${campaign.id}`}>
          {campaign.name}
        </Link>
        <span className="age">
          <Age at={campaign.created_at} />
        </span>
      </div>
      <div className="chips">
        <StateChip state={campaign.state} />
        <span className="where">
          {templateTitle(campaign.template)}, {inbox}
        </span>
      </div>
      {campaign.why !== null && <p className="problem">{campaign.why}</p>}
    </li>
  );
}
