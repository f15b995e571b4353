import { type Happening, type SessionEvent, type SessionView, timeline } from "@baton/client";
import { useRef, useState } from "react";
import { Time } from "../../ui/time.tsx";
import { CLOSE_REASON, HANDOFF_STATE, OWNER_ANSWERS } from "../../ui/words.ts";
import { MessageItem } from "./message.tsx";
import { deskName } from "./parts.tsx";

/** Nearer to the end than this counts as being at the end. */
const AT_END_PX = 48;

/**
 * The conversation with what happened beside it. The box is laid out from its end (column-reverse),
 * so the browser itself stays at the newest message and leaves a reader who scrolled up alone.
 */
export function Timeline({ view }: { view: SessionView }) {
  const box = useRef<HTMLElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const items = timeline(view);
  return (
    <div className="conversation">
      <section
        ref={box}
        className="scroll"
        role="log"
        aria-label="Conversation"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling box must be reachable by keyboard
        tabIndex={0}
        onScroll={(event) => setAtEnd(event.currentTarget.scrollTop > -AT_END_PX)}
      >
        <ol className="timeline">
          {items.map((item) =>
            item.type === "message" ? (
              <MessageItem key={item.message.id} message={item.message} session={view.session.id} />
            ) : (
              <EventItem key={`event-${item.event.position}`} event={item.event} />
            ),
          )}
          {items.length === 0 && <li className="event">Nothing has been said yet.</li>}
        </ol>
      </section>
      {!atEnd && (
        <button
          type="button"
          className="to-end"
          onClick={() => box.current?.scrollTo({ top: 0, behavior: "instant" })}
        >
          Go to the newest
        </button>
      )}
    </div>
  );
}

function EventItem({ event }: { event: SessionEvent }) {
  const { what } = event;
  const urgent =
    what.kind === "notice" || (what.kind === "handoff" && what.handoff.state === "failed");
  return (
    <li className={urgent ? "event urgent" : "event"}>
      <span>{words(what)}</span> <Time at={event.at} />
    </li>
  );
}

function words(what: Happening): string {
  switch (what.kind) {
    case "opened":
      return "Session opened";
    case "owner":
      return `${OWNER_ANSWERS[what.owner]} from here (epoch ${what.epoch})`;
    case "handoff":
      return `Handoff to ${deskName(what.handoff.desk)}: ${HANDOFF_STATE[what.handoff.state].toLowerCase()}${by(what.handoff.rep_name)}`;
    case "closed":
      return what.reason === null
        ? "Session closed"
        : `Session closed: ${CLOSE_REASON[what.reason]}`;
    case "notice":
      return `For operators: ${what.text} (${what.code})`;
  }
}

function by(rep: string | null): string {
  return rep === null ? "" : `, ${rep}`;
}
