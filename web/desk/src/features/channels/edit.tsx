import type { Inbox, Vendor } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Link, navigate } from "../../router.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty } from "../../ui/notes.tsx";
import { SettingsForm, type Wanted } from "../../ui/settings_form.tsx";

/** The settings of one channel. */
export function EditChannelPage({ id }: { id: string }) {
  const load = useCallback(async () => {
    const [inboxes, { vendors }] = await Promise.all([api.inboxes(), api.vendors()]);
    const inbox = inboxes.find((known) => known.id === id);
    return { inbox, vendor: vendors.find((known) => known.name === inbox?.vendor) };
  }, [id]);
  const [loaded, retry] = useLoaded(load);
  const name = loaded.phase === "ready" ? loaded.value.inbox?.name : undefined;
  return (
    <InnerPage title={name ?? "Channel"} back="/channels" narrow>
      <WhenLoaded loaded={loaded} what="the channel" onRetry={retry}>
        {({ inbox, vendor }) =>
          inbox === undefined || vendor === undefined ? (
            <Gone />
          ) : (
            <Form inbox={inbox} vendor={vendor} />
          )
        }
      </WhenLoaded>
    </InnerPage>
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
  const save = (wanted: Wanted) =>
    run(async () => {
      await api.changeInbox(inbox.id, wanted);
      navigate("/channels");
    });
  return (
    <>
      <h2>{vendor.title}</h2>
      <SettingsForm
        fields={vendor.fields}
        name={inbox.name}
        settings={inbox.settings}
        secretsSet={inbox.secrets_set}
        nameHelp="How reps and you will know this channel"
        action="Save the settings"
        busy={busy}
        error={error}
        onSubmit={save}
      />
    </>
  );
}
