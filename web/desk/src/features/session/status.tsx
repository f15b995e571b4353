import type { Message, MessageStatus } from "@baton/client";

type Sign = "clock" | "pause" | "tick" | "ticks" | "cross" | "question" | "none";

const STATUS: Record<MessageStatus, { word: string; sign: Sign }> = {
  received: { word: "", sign: "none" },
  pending: { word: "Waiting to be sent", sign: "clock" },
  held: { word: "Held", sign: "pause" },
  sent: { word: "Sent", sign: "tick" },
  delivered: { word: "Delivered", sign: "ticks" },
  read: { word: "Read", sign: "ticks" },
  failed: { word: "Failed", sign: "cross" },
  may_have_been_sent: { word: "May have been sent", sign: "question" },
  cancelled: { word: "Cancelled, not sent", sign: "cross" },
};

const UNSURE = "the vendor did not confirm it; it is not sent again by itself";

/** What is known about a message on its way, and no more than that; always in words. */
export function Status({ status, fault }: Pick<Message, "status" | "fault">) {
  // A newer hub may know a status that this page does not; its own word is better than none.
  const { word, sign } = STATUS[status] ?? { word: status, sign: "none" };
  if (word === "") return null;
  const why = fault?.text ?? (status === "may_have_been_sent" ? UNSURE : null);
  return (
    <span className={`status ${status}`}>
      <SignIcon sign={sign} />
      <span>
        {word}
        {why !== null && `: ${why}`}
        {fault !== null && <span className="fine"> ({fault.code})</span>}
      </span>
    </span>
  );
}

const PATHS: Record<Sign, string> = {
  none: "",
  clock: "M8 4v4l3 2M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  tick: "M3 8.5 6.5 12 13 4.5",
  ticks: "M1 8.5 4.5 12 11 4.5M7.5 11.5 8 12l6.5-7.5",
  cross: "M4 4l8 8M12 4l-8 8",
  question: "M5.5 6a2.5 2.5 0 1 1 3.6 2.2C8.3 8.7 8 9.2 8 10M8 12.6v.4",
};

function SignIcon({ sign }: { sign: Sign }) {
  return (
    <svg className="sign" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[sign]} />
    </svg>
  );
}
