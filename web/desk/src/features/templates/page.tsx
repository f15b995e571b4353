import {
  type Inbox,
  refusalReason,
  type Template,
  type Templates,
  templateMatches,
} from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useAction, useFresh, useLoaded } from "../../hooks.ts";
import { Link, navigate, type Place, withQuery } from "../../router.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { Empty, ErrorNote } from "../../ui/notes.tsx";
import { Options } from "../../ui/select.tsx";
import { Age } from "../../ui/time.tsx";
import { fromName, sentence } from "../../ui/words.ts";
import { StatusChip, TEMPLATE_STATUS } from "./parts.tsx";

/** The messages that vendors approved beforehand, by the inbox that may send them. */
export function TemplatesPage({ place }: { place: Place }) {
  const load = useCallback(async () => (await api.inboxes()).filter((one) => one.templates), []);
  const [loaded, retry] = useLoaded(load);
  return (
    <div className="page">
      <title>Templates · Baton</title>
      <h1>Templates</h1>
      <p>
        Messages that the vendor approved beforehand. Outside the reply window only these may be
        sent. They are made at the vendor.
      </p>
      <WhenLoaded loaded={loaded} what="the channels" onRetry={retry}>
        {(keepers) => (keepers.length === 0 ? <NoKeepers /> : <Kept by={keepers} place={place} />)}
      </WhenLoaded>
    </div>
  );
}

function NoKeepers() {
  return (
    <Empty title="No channel with templates">
      <p>
        Templates belong to WhatsApp numbers. Add or start one under{" "}
        <Link to="/channels">channels</Link>; its templates are then read by themselves.
      </p>
    </Empty>
  );
}

function Kept({ by, place }: { by: Inbox[]; place: Place }) {
  return (
    <>
      <FilterForm place={place} />
      {by.map((inbox) => (
        <InboxTemplates key={inbox.id} inbox={inbox} place={place} />
      ))}
    </>
  );
}

function FilterForm({ place }: { place: Place }) {
  const set = (name: string, value: string) =>
    navigate(withQuery(place, { [name]: value }), "replace");
  return (
    <search aria-label="Filter templates">
      <form className="filter two" onSubmit={(event) => event.preventDefault()}>
        <label>
          <span>Status</span>
          <select
            value={place.query.get("status") ?? ""}
            onChange={(event) => set("status", event.currentTarget.value)}
          >
            <option value="">Any status</option>
            <Options of={Object.entries(TEMPLATE_STATUS)} />
          </select>
        </label>
        <label className="search">
          <span>Search</span>
          <input
            type="search"
            placeholder="Name, language or text"
            maxLength={200}
            value={place.query.get("q") ?? ""}
            onChange={(event) => set("q", event.currentTarget.value)}
          />
        </label>
      </form>
    </search>
  );
}

function InboxTemplates({ inbox, place }: { inbox: Inbox; place: Place }) {
  const [loaded, reload] = useFresh(useCallback(() => api.templates(inbox.id), [inbox.id]));
  const all = loaded.phase === "ready" ? loaded.value.templates : [];
  const synced = all
    .map((template) => template.synced_at)
    .sort()
    .at(-1);
  return (
    <section className="group" aria-label={inbox.name}>
      <div className="heading">
        <h2>{inbox.name}</h2>
        <Sync inbox={inbox} synced={synced} onSynced={reload} />
      </div>
      <WhenLoaded loaded={loaded} what="the templates" onRetry={reload}>
        {(kept) => <Matching kept={kept} place={place} />}
      </WhenLoaded>
    </section>
  );
}

/** Those that fit the filter, which is the URL. */
function Matching({ kept, place }: { kept: Templates; place: Place }) {
  const { templates: all, problem, more } = kept;
  const [q, status] = [place.query.get("q") ?? "", place.query.get("status") ?? ""];
  const shown = all.filter((template) => templateMatches(template, q, status));
  return (
    <>
      {problem !== null && <p className="note bad">The last sync failed to {problem}.</p>}
      {all.length === 0 && <p>The vendor holds no template yet. Make one there, then sync.</p>}
      {all.length > 0 && shown.length === 0 && (
        <p>
          None of {all.length} matches. <Link to="/templates">Show all</Link>.
        </p>
      )}
      {shown.length > 0 && (
        <ul className="rows">
          {shown.map((template) => (
            <Row key={template.id} template={template} />
          ))}
        </ul>
      )}
      {more && <p className="fine">There are more than these {all.length}.</p>}
    </>
  );
}

interface SyncProps {
  inbox: Inbox;
  /** When the vendor was last asked, where it ever was. */
  synced: string | undefined;
  onSynced: () => void;
}

function Sync({ inbox, synced, onSynced }: SyncProps) {
  const { busy, error, run } = useAction();
  const sync = () =>
    run(async () => {
      await api.syncTemplates(inbox.id);
      onSynced();
    });
  return (
    <div className="sync">
      {synced !== undefined && (
        <span className="fine">
          Last synced: <Age at={synced} />
        </span>
      )}
      <button type="button" aria-disabled={busy} onClick={sync}>
        {busy ? "Syncing…" : "Sync now"} <span className="unseen">{inbox.name}</span>
      </button>
      {error !== null && <ErrorNote doing="sync the templates" error={error} />}
    </div>
  );
}

function Row({ template }: { template: Template }) {
  const reason = refusalReason(template);
  return (
    <li className="row">
      <div className="row-top">
        <Link className="row-link" to={`/templates/${template.id}`}>
          {template.name}
        </Link>
        <span className="number">{template.language}</span>
      </div>
      <p className="row-last">{template.body}</p>
      <div className="chips">
        <StatusChip status={template.status} />
        <span className="where">{fromName(template.category)}</span>
        {template.quality !== null && (
          <span className="where">Quality: {fromName(template.quality.toLowerCase())}</span>
        )}
        {reason !== null && <span className="problem">{sentence(reason)}</span>}
      </div>
    </li>
  );
}
