import {
  fieldProblems,
  type Session,
  sendableFirst,
  type Template,
  type Values,
  valuesToSend,
} from "@baton/client";
import { type FormEvent, useCallback, useEffect, useRef, useState } from "react";
import { api } from "../../access.ts";
import { useAction, useLoaded } from "../../hooks.ts";
import { Link, navigate, type Place, withQuery } from "../../router.tsx";
import { WhenLoaded } from "../../ui/loading.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { TemplateFields } from "../templates/fields.tsx";
import { TemplatePreview } from "../templates/preview.tsx";
import { TemplateSelect } from "../templates/select.tsx";

/** Below the conversation: a template may be sent whatever the window says. */
export function SendTemplate({ session, place }: { session: Session; place: Place }) {
  const load = useCallback(async () => {
    const inboxes = await api.inboxes();
    return inboxes.some((inbox) => inbox.id === session.inbox.id && inbox.templates);
  }, [session.inbox.id]);
  const [keeps] = useLoaded(load);
  /** The session that the newest one went to: where this one has ended, another begins. */
  const [sent, setSent] = useState<string | null>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const open = place.query.get("send") === "template";
  const show = (shown: boolean) =>
    navigate(withQuery(place, { send: shown ? "template" : null }), "replace");
  const was = useRef(open);
  useEffect(() => {
    if (was.current && !open) opener.current?.focus();
    was.current = open;
  }, [open]);
  if (keeps.phase !== "ready" || !keeps.value) return null;
  return (
    <div className="compose">
      {open ? (
        <Composer
          session={session}
          onSent={(to) => {
            setSent(to);
            show(false);
          }}
          onClose={() => show(false)}
        />
      ) : (
        <button
          type="button"
          ref={opener}
          onClick={() => {
            setSent(null);
            show(true);
          }}
        >
          Send a template
        </button>
      )}
      <p role="status" className="fine">
        {sent === session.id &&
          "The template is on its way; its message above says how far it has come."}
        {sent !== null && sent !== session.id && (
          <>
            The template is on its way in a new session, because this one has ended.{" "}
            <Link to={`/sessions/${sent}`}>Follow it there</Link>.
          </>
        )}
      </p>
    </div>
  );
}

interface ComposerProps {
  session: Session;
  onSent: (session: string) => void;
  onClose: () => void;
}

function Composer({ session, onSent, onClose }: ComposerProps) {
  const load = useCallback(
    async () => sendableFirst((await api.templates(session.inbox.id)).templates),
    [session.inbox.id],
  );
  const [loaded, retry] = useLoaded(load);
  const [chosen, setChosen] = useState("");
  const templates = loaded.phase === "ready" ? loaded.value : [];
  const template = templates.find((known) => known.id === chosen);
  const box = useRef<HTMLElement>(null);
  useEffect(() => {
    if (loaded.phase === "ready") box.current?.querySelector("select")?.focus();
  }, [loaded.phase]);
  return (
    <section
      ref={box}
      className="composer"
      aria-label="Send a template"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <div className="heading">
        <h2>Send a template</h2>
        <button type="button" className="small" onClick={onClose}>
          Close
        </button>
      </div>
      <WhenLoaded loaded={loaded} what="the templates" onRetry={retry}>
        {(templates) =>
          templates.length === 0 ? (
            <p>
              {session.inbox.name} has no template yet. Make one at the vendor, then{" "}
              <Link to="/templates">sync it</Link>.
            </p>
          ) : (
            <TemplateSelect templates={templates} value={chosen} onValue={setChosen} />
          )
        }
      </WhenLoaded>
      {template !== undefined && (
        <Filling key={template.id} session={session} template={template} onSent={onSent} />
      )}
    </section>
  );
}

interface FillingProps {
  session: Session;
  template: Template;
  onSent: (session: string) => void;
}

function Filling({ session, template, onSent }: FillingProps) {
  const [values, setValues] = useState<Values>({});
  const { busy, error, run } = useAction();
  const form = useRef<HTMLFormElement>(null);
  const [mended, setMended] = useState<ReadonlySet<string>>(new Set());
  const refused = fieldProblems(error, template.form);
  const problems = new Map([...refused].filter(([key]) => !mended.has(key)));
  useEffect(() => {
    const first = template.form.find(({ key }) => fieldProblems(error, template.form).has(key));
    const wrong = first && form.current?.elements.namedItem(first.key);
    if (wrong instanceof HTMLElement) wrong.focus();
  }, [error, template]);
  const enter = (key: string, value: string) => {
    setValues((now) => ({ ...now, [key]: value }));
    setMended((now) => new Set(now).add(key));
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMended(new Set());
    run(async () => {
      const filled = valuesToSend(template.form, values);
      onSent((await api.sendTemplate(session.id, template.id, filled)).session_id);
    });
  };
  return (
    <form ref={form} className="filling" noValidate onSubmit={submit}>
      <TemplatePreview template={template} values={values} />
      <div className="stack">
        <TemplateFields template={template} values={values} problems={problems} onValue={enter} />
        {problems.size > 0 && (
          <p className="note bad" role="alert">
            Nothing was sent: {problems.size === 1 ? "one field is" : `${problems.size} fields are`}{" "}
            refused.
          </p>
        )}
        {error !== null && refused.size === 0 && (
          <ErrorNote doing="send the template" error={error} />
        )}
        <div className="buttons">
          <button type="submit" className="primary" aria-disabled={busy}>
            {busy ? "Sending…" : "Send it to the customer"}
          </button>
        </div>
      </div>
    </form>
  );
}
