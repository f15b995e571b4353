import type { Vendor } from "@baton/client";
import { useCallback, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Link, navigate, type Place } from "../../router.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { SettingsForm, type Wanted } from "../../ui/settings_form.tsx";
import { Switch } from "../../ui/switch.tsx";

/** First the vendor, by the URL; then the form of its settings. */
export function AddChannelPage({ place }: { place: Place }) {
  const [loaded, retry] = useLoaded(useCallback(async () => (await api.vendors()).vendors, []));
  const wanted = place.query.get("vendor");
  const vendors = loaded.phase === "ready" ? loaded.value : [];
  const vendor = vendors.find((known) => known.name === wanted);
  return (
    <InnerPage
      title="Add a channel"
      back={vendor === undefined ? "/channels" : "/channels/new"}
      narrow
    >
      <WhenLoaded loaded={loaded} what="the vendors" onRetry={retry}>
        {(vendors) =>
          vendor === undefined ? (
            <VendorChoice vendors={vendors} />
          ) : (
            <NewChannel key={vendor.name} vendor={vendor} />
          )
        }
      </WhenLoaded>
    </InnerPage>
  );
}

function VendorChoice({ vendors }: { vendors: Vendor[] }) {
  return (
    <>
      <p>Where do you have the address that customers write to?</p>
      <ul className="rows">
        {vendors.map((vendor) => (
          <li key={vendor.name} className="row">
            <Link className="row-link" to={`/channels/new?vendor=${vendor.name}`}>
              {vendor.title}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

function NewChannel({ vendor }: { vendor: Vendor }) {
  const [ai, setAi] = useState(true);
  const { busy, error, run } = useAction();
  const add = (wanted: Wanted) =>
    run(async () => {
      const made = await api.makeInbox({ ...wanted, vendor: vendor.name, ai });
      navigate(`/channels?added=${made.id}`);
    });
  return (
    <>
      <h2>{vendor.title}</h2>
      <SettingsForm
        fields={vendor.fields}
        name=""
        nameHelp="How reps and you will know this channel"
        action="Add the channel"
        busy={busy}
        error={error}
        onSubmit={add}
      >
        <Switch on={ai} onChange={setAi}>
          AI answers first
        </Switch>
      </SettingsForm>
    </>
  );
}
