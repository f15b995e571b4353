import {
  type Contact,
  type CostTotal,
  type Session,
  type SessionView,
  totalOf,
} from "@baton/client";
import { useNowBySecond } from "../../hooks.ts";
import { Copyable } from "../../ui/copy.tsx";
import { Pair, Section } from "../../ui/facts.tsx";
import { FullTime, span } from "../../ui/time.tsx";
import { CHANNEL, CLOSE_REASON, fromName, OWNER_ANSWERS } from "../../ui/words.ts";
import { HandoffCard } from "./handoff.tsx";

export function SessionDetails({ view }: { view: SessionView }) {
  const { session } = view;
  return (
    <aside className="details" aria-label="Details">
      {session.handoff === null ? (
        <Section title="Handoff">
          <p>Not handed to a desk. {OWNER_ANSWERS[session.owner]}.</p>
        </Section>
      ) : (
        <HandoffCard handoff={session.handoff} />
      )}
      <Section title="Reply window">
        <Window session={session} />
      </Section>
      {session.costs.length > 0 && (
        <Section title="Costs">
          <Costs costs={session.costs} />
        </Section>
      )}
      <Section title="Contact">
        <ContactFacts contact={session.contact} />
      </Section>
      <Section title="Trace ids">
        <TraceIds session={session} />
      </Section>
      <Section title="Session">
        <SessionFacts session={session} />
      </Section>
    </aside>
  );
}

function Window({ session }: { session: Session }) {
  // A hub that is ahead of this machine's clock is right about its own windows.
  const nowMs = Math.max(useNowBySecond(), Date.parse(session.last_activity_at));
  if (session.window === null) {
    return <p>{CHANNEL[session.channel]} sets no time limit on replies here.</p>;
  }
  const { expires_at, free_entry_until, kind, open } = session.window;
  const expiresMs = Date.parse(expires_at);
  if (!open || expiresMs <= nowMs) {
    return (
      <p className="window shut">
        <b>Closed</b> since <FullTime at={expires_at} />. Free-form replies are held until the
        customer writes again; a template may be sent.
      </p>
    );
  }
  return (
    <>
      <p className="window">
        <b>Open</b> for another{" "}
        <span className="countdown">{span((expiresMs - nowMs) / 1000)}</span>, until{" "}
        <FullTime at={expires_at} />. Opened by the customer's {kind}.
      </p>
      {free_entry_until !== null && (
        <p>
          Everything is free until <FullTime at={free_entry_until} />: the customer came by an
          advertisement.
        </p>
      )}
    </>
  );
}

/** What the vendors said so far, by their own categories. */
function Costs({ costs }: { costs: CostTotal[] }) {
  return (
    <dl>
      {costs.map((total) => (
        <Pair key={total.category} name={fromName(total.category)}>
          {totalOf(total)}
        </Pair>
      ))}
    </dl>
  );
}

function ContactFacts({ contact }: { contact: Contact }) {
  const shown = new Set([contact.phone, contact.email]);
  const others = contact.points.filter((point) => !shown.has(point.value));
  return (
    <dl>
      <Pair name="Name">{contact.name ?? "Not known"}</Pair>
      <Pair name="Phone">{contact.phone ?? "Not known"}</Pair>
      <Pair name="Email">{contact.email ?? "Not known"}</Pair>
      {others.map((point) => (
        <Pair key={`${point.kind}\n${point.value}`} name={fromName(point.kind)} wide>
          <Copyable label={fromName(point.kind)} value={point.value} />
        </Pair>
      ))}
    </dl>
  );
}

/** Our own id first: it is the one that both sides know. */
function TraceIds({ session }: { session: Session }) {
  const { sessionId = session.id, ...others } = session.metadata;
  const ids = [["sessionId", sessionId] as const, ...Object.entries(others).toSorted()];
  return (
    <dl>
      {ids.map(([name, value]) => (
        <Pair key={name} name={name} wide>
          <Copyable label={name} value={asText(value)} />
        </Pair>
      ))}
    </dl>
  );
}

function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function SessionFacts({ session }: { session: Session }) {
  return (
    <dl>
      <Pair name="Opened">
        <FullTime at={session.opened_at} />
      </Pair>
      <Pair name="Last activity">
        <FullTime at={session.last_activity_at} />
      </Pair>
      {session.closed_at !== null && (
        <Pair name="Closed">
          <FullTime at={session.closed_at} />
          {session.close_reason !== null && `, ${CLOSE_REASON[session.close_reason]}`}
        </Pair>
      )}
      <Pair name="Epoch">{session.epoch}</Pair>
    </dl>
  );
}
