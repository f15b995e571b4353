import { fieldLabel, type Template } from "@baton/client";
import { useCallback } from "react";
import { api } from "../../access.ts";
import { useLoaded } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { Pair, Section } from "../../ui/facts.tsx";
import { InnerPage } from "../../ui/inner_page.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { FullTime } from "../../ui/time.tsx";
import { fromName } from "../../ui/words.ts";
import { helpOf } from "./fields.tsx";
import { Refusal, StatusChip } from "./parts.tsx";
import { TemplatePreview } from "./preview.tsx";

/** One template: what the customer sees, what is filled in, and how it stands at the vendor. */
export function TemplatePage({ id }: { id: string }) {
  const load = useCallback(async () => {
    const [template, inboxes] = await Promise.all([api.template(id), api.inboxes()]);
    return { template, inbox: inboxes.find((inbox) => inbox.id === template.inbox_id)?.name };
  }, [id]);
  const [loaded, retry] = useLoaded(load);
  const template = loaded.phase === "ready" ? loaded.value.template : undefined;
  return (
    <InnerPage
      title={template?.name ?? "Template"}
      chip={template && <StatusChip status={template.status} />}
      back="/templates"
    >
      <WhenLoaded loaded={loaded} what="the template" onRetry={retry}>
        {(ready) => <Shown {...ready} />}
      </WhenLoaded>
    </InnerPage>
  );
}

function Shown({ template, inbox }: { template: Template; inbox: string | undefined }) {
  return (
    <>
      <Refusal template={template} />
      <div className="split">
        <Section title="What the customer sees">
          <TemplatePreview template={template} />
        </Section>
        <div className="stack">
          <Section title="At the vendor">
            <dl>
              <Pair name="Inbox">{inbox ?? "A channel that is gone"}</Pair>
              <Pair name="Language">{template.language}</Pair>
              <Pair name="Category">{fromName(template.category)}</Pair>
              <Pair name="Quality">
                {template.quality === null
                  ? "Not rated yet"
                  : fromName(template.quality.toLowerCase())}
              </Pair>
              <Pair name="Last synced">
                <FullTime at={template.synced_at} />
              </Pair>
            </dl>
          </Section>
          <Section title="What is filled in">
            <Fields template={template} />
          </Section>
        </div>
      </div>
      {template.refusal === null && (
        <p>
          Send it to one customer from their session, or{" "}
          <Link to={`/campaigns/new?template=${template.id}`}>to many with a campaign</Link>.
        </p>
      )}
    </>
  );
}

function Fields({ template }: { template: Template }) {
  if (template.form.length === 0) return <p>Nothing: it is the same for everybody.</p>;
  return (
    <dl>
      {template.form.map((field) => (
        <Pair key={field.key} name={fieldLabel(field, template)}>
          <span>
            {helpOf(field)}
            {!field.required && ". May be left out"}
          </span>
        </Pair>
      ))}
    </dl>
  );
}
