import { type Inbox, refusal, type SmsSegments, type TestSent } from "@baton/client";
import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { api } from "../../access.ts";
import { useAction } from "../../hooks.ts";
import { Link } from "../../router.tsx";
import { Field } from "../../ui/field.tsx";
import { ErrorNote } from "../../ui/notes.tsx";
import { CHANNEL, sentence } from "../../ui/words.ts";

/** Typing rests for this long before the parts are counted. */
const REST_MS = 250;
const GREETING = "This is a test message.";

interface TestMessageProps {
  inbox: Inbox;
  onClose: () => void;
}

export function TestMessage({ inbox, onClose }: TestMessageProps) {
  const [to, setTo] = useState("");
  const [text, setText] = useState(GREETING);
  const [sent, setSent] = useState<TestSent | null>(null);
  const { busy, error, run } = useAction();
  const toInput = useRef<HTMLInputElement>(null);
  useEffect(() => toInput.current?.focus(), []);
  const refused = refusal(error, ["to", "text"]);
  useEffect(() => {
    if (refused?.field === "to") toInput.current?.focus();
  }, [refused?.field]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSent(null);
    run(async () => setSent(await api.testInbox(inbox.id, { to, text })));
  };
  const problem = (field: string) => (refused?.field === field ? sentence(refused.text) : null);
  return (
    <form
      className="inset"
      aria-label={`Test message through ${inbox.name}`}
      noValidate
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      {inbox.window_ms !== null && (
        <p className="fine">
          {CHANNEL[inbox.channel]} lets you write freely only to somebody who wrote to this number
          before. Write to it from your own phone first.
        </p>
      )}
      <Field
        ref={toInput}
        label="To"
        type="tel"
        autoComplete="tel"
        value={to}
        onValue={setTo}
        problem={problem("to")}
        help="A phone number with its country code, such as +15550100"
      />
      <TextField
        text={text}
        onText={setText}
        problem={problem("text")}
        sms={inbox.channel === "sms"}
      />
      {error !== null && refused === null && (
        <ErrorNote doing="send the test message" error={error} />
      )}
      <div className="buttons">
        <button type="submit" className="primary" aria-disabled={busy}>
          {busy ? "Sending…" : "Send"}
        </button>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      <div role="status">
        {sent !== null && (
          <p className="note good">
            <span>
              On its way. <Link to={`/sessions/${sent.session_id}`}>Follow it in its session</Link>.
            </span>
          </p>
        )}
      </div>
    </form>
  );
}

interface TextFieldProps {
  text: string;
  onText: (text: string) => void;
  problem: string | null;
  /** Count the parts that would be sent and paid. */
  sms: boolean;
}

function TextField({ text, onText, problem, sms }: TextFieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Text</label>
      <textarea
        id={id}
        rows={3}
        value={text}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-problem ${id}-count`}
        onChange={(event) => onText(event.currentTarget.value)}
      />
      <span id={`${id}-problem`} className="problem">
        {problem}
      </span>
      <span id={`${id}-count`} className="fine">
        {sms && <Count text={text} />}
      </span>
    </div>
  );
}

const ENCODING = { gsm7: "GSM-7", ucs2: "UCS-2" };

/** How many parts the text counts for; the hub counts, so that it is what will be sent. */
function Count({ text }: { text: string }) {
  const [counted, setCounted] = useState<SmsSegments | null>(null);
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      api.smsSegments(text).then(
        (segments) => current && setCounted(segments),
        () => current && setCounted(null),
      );
    }, REST_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);
  if (counted === null) return null;
  const parts = counted.segments === 1 ? "1 part" : `${counted.segments} parts`;
  return `${parts}, ${counted.units_left} characters left in ${counted.segments === 1 ? "it" : "the last"} (${ENCODING[counted.encoding]})`;
}
