import { amountOf, type Message } from "@baton/client";
import { Time } from "../../ui/time.tsx";
import { MessageContent } from "./content.tsx";
import { AUTHOR } from "./parts.tsx";
import { Status } from "./status.tsx";

export function MessageItem({ message, session }: { message: Message; session: string }) {
  const { author, citations } = message;
  const amount = amountOf(message.cost);
  return (
    <li className={`message ${author.kind}`}>
      <p className="author">
        <span className="mark" aria-hidden="true">
          {MARK[author.kind]}
        </span>
        <b>{AUTHOR[author.kind]}</b>
        {author.name !== null && <span>{author.name}</span>}
      </p>
      <div className="bubble">
        <MessageContent message={message} session={session} />
        {citations.length > 0 && <Citations citations={citations} />}
      </div>
      <p className="meta">
        <Time at={message.at} />
        <Status status={message.status} fault={message.fault} />
        {amount !== null && <span>Cost: {amount}</span>}
      </p>
    </li>
  );
}

const MARK = { customer: "C", ai: "AI", rep: "R", system: "S" };

function Citations({ citations }: { citations: Message["citations"] }) {
  return (
    <div className="citations">
      <p>Answered from</p>
      <ul>
        {citations.map((citation) => (
          <li key={`${citation.source}\n${citation.title}`}>
            <cite>{citation.title}</cite> <span className="fine">{citation.source}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
