import { changedSettings, shownSettings, type Vendor } from "@baton/client";
import { useCallback, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Link, navigate, type Place } from "../../router.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { Switch } from "../../ui/switch.tsx";
import { type Entered, SettingsForm } from "./settings_form.tsx";

/** First the vendor, by the URL; then the form of its settings. */
export function AddChannelPage({ place }: { place: Place }) {
  const [loaded, retry] = useLoaded(useCallback(() => api.vendors(), []));
  const wanted = place.query.get("vendor");
  const vendors = loaded.phase === "ready" ? loaded.value : [];
  const vendor = vendors.find((known) => known.name === wanted);
  return (
    <div className="page narrow">
      <title>Add a channel · Baton</title>
      <Link className="back" to={vendor === undefined ? "/channels" : "/channels/new"}>
        {vendor === undefined ? "All channels" : "Choose another vendor"}
      </Link>
      <h1>Add a channel</h1>
      {loaded.phase === "loading" && <p>Loading vendors…</p>}
      {loaded.phase === "failed" && (
        <ErrorNote doing="load the vendors" error={loaded.error} onRetry={retry} />
      )}
      {loaded.phase === "ready" && vendor === undefined && <VendorChoice vendors={vendors} />}
      {vendor !== undefined && <NewChannel key={vendor.name} vendor={vendor} />}
    </div>
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
  const start: Entered = {
    name: "",
    settings: shownSettings(vendor.fields, {}),
    removed: new Set(),
  };
  const add = (entered: Entered) =>
    run(async () => {
      const settings = changedSettings(vendor.fields, {}, entered.settings);
      const made = await api.makeInbox({ name: entered.name, vendor: vendor.name, ai, settings });
      navigate(`/channels?added=${made.id}`);
    });
  return (
    <>
      <h2>{vendor.title}</h2>
      <SettingsForm
        fields={vendor.fields}
        start={start}
        secretsSet={[]}
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
