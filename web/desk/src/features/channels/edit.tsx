import { changedSettings, type Inbox, shownSettings, type Vendor } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Link, navigate } from "../../router.tsx";
import { Empty, ErrorNote } from "../../ui/notes.tsx";
import { type Entered, SettingsForm } from "./settings_form.tsx";

/** The settings of one channel. */
export function EditChannelPage({ id }: { id: string }) {
  const load = useCallback(async () => {
    const [inboxes, vendors] = await Promise.all([api.inboxes(), api.vendors()]);
    const inbox = inboxes.find((known) => known.id === id);
    return { inbox, vendor: vendors.find((known) => known.name === inbox?.vendor) };
  }, [id]);
  const [loaded, retry] = useLoaded(load);
  const { inbox, vendor } = loaded.phase === "ready" ? loaded.value : {};
  return (
    <div className="page narrow">
      <title>{`${inbox?.name ?? "Channel"} · Baton`}</title>
      <Link className="back" to="/channels">
        All channels
      </Link>
      <h1>{inbox?.name ?? "Channel"}</h1>
      {loaded.phase === "loading" && <p>Loading channel…</p>}
      {loaded.phase === "failed" && (
        <ErrorNote doing="load the channel" error={loaded.error} onRetry={retry} />
      )}
      {loaded.phase === "ready" && (inbox === undefined || vendor === undefined) && <Gone />}
      {inbox !== undefined && vendor !== undefined && <Form inbox={inbox} vendor={vendor} />}
    </div>
  );
}

function Gone() {
  return (
    <Empty title="There is no such channel">
      <p>
        The address may be mistyped or old. Go to the <Link to="/channels">channels</Link>.
      </p>
    </Empty>
  );
}

function Form({ inbox, vendor }: { inbox: Inbox; vendor: Vendor }) {
  const { busy, error, run } = useAction();
  const start: Entered = {
    name: inbox.name,
    settings: shownSettings(vendor.fields, inbox.settings),
    removed: new Set(),
  };
  const save = (entered: Entered) =>
    run(async () => {
      const { settings, removed, name } = entered;
      const changed = changedSettings(vendor.fields, inbox.settings, settings, removed);
      await api.changeInbox(inbox.id, { name, settings: changed });
      navigate("/channels");
    });
  return (
    <>
      <h2>{vendor.title}</h2>
      <SettingsForm
        fields={vendor.fields}
        start={start}
        secretsSet={inbox.secrets_set}
        action="Save the settings"
        busy={busy}
        error={error}
        onSubmit={save}
      />
    </>
  );
}
