import type { Inbox, NewCampaign, Template } from "@baton/client";
import { useCallback, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Link, navigate, type Place } from "../../router.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty } from "../../ui/notes.tsx";
import { CampaignForm } from "./form.tsx";

/** What a new campaign can be made of. */
export interface Stock {
  inboxes: Inbox[];
  templates: Template[];
  /** Words under which answers may be sorted. */
  topics: string[];
}

/** From a template and a list to a campaign, with a look at the whole list in between. */
export function NewCampaignPage({ place }: { place: Place }) {
  const load = useCallback(async (): Promise<Stock> => {
    const [inboxes, { templates }, settings] = await Promise.all([
      api.inboxes(),
      api.templates(),
      api.settings(),
    ]);
    const keepers = inboxes.filter((inbox) => inbox.templates);
    return { inboxes: keepers, templates, topics: settings.classifications };
  }, []);
  const [loaded, retry] = useLoaded(load);
  return (
    <InnerPage title="Make a campaign" back="/campaigns" narrow>
      <WhenLoaded loaded={loaded} what="the templates" onRetry={retry}>
        {(stock) =>
          stock.inboxes.length === 0 ? (
            <NoInbox />
          ) : (
            <Making stock={stock} wanted={place.query.get("template")} />
          )
        }
      </WhenLoaded>
    </InnerPage>
  );
}

function NoInbox() {
  return (
    <Empty title="No channel with templates">
      <p>
        A campaign goes out through a WhatsApp number with an approved template. Add or start one
        under <Link to="/channels">channels</Link>.
      </p>
    </Empty>
  );
}

function Making({ stock, wanted }: { stock: Stock; wanted: string | null }) {
  const { busy, error, run } = useAction();
  const [start, setStart] = useState(false);
  const make = (campaign: NewCampaign, now: boolean) => {
    setStart(now);
    run(async () => {
      const made = await api.makeCampaign({ ...campaign, start: now });
      navigate(`/campaigns/${made.id}`);
    });
  };
  return (
    <CampaignForm
      stock={stock}
      wanted={wanted}
      making={busy ? (start ? "start" : "keep") : null}
      error={error}
      onMake={make}
    />
  );
}
