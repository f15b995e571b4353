import { type Media, type Message, mediaOf, type Offered, offerOf } from "@baton/client";
import { api } from "../../access.ts";
import { fromName, sentence } from "../../ui/words.ts";

/** What was said, each kind in its own way; text stands in for what this page does not know. */
export function MessageContent({ message, session }: { message: Message; session: string }) {
  const { content, text } = message;
  const media = mediaOf(content);
  if (media !== null) return <MediaContent media={media} url={api.fileUrl(session, message.id)} />;
  const offer = offerOf(content);
  if (offer !== null) return <OfferContent offer={offer} />;
  return (
    <>
      {content.type !== "text" && (
        <p className="kind">{KIND[content.type] ?? fromName(content.type)}</p>
      )}
      {text === "" ? (
        <p className="fine">This kind of message has no text to show.</p>
      ) : (
        <p className="text">{text}</p>
      )}
    </>
  );
}

/** Kinds whose own name says too little. */
const KIND: Record<string, string> = {
  choice: "Chosen answer",
  contacts: "Contact cards",
  order: "Order",
};

function MediaContent({ media, url }: { media: Media; url: string }) {
  return (
    <>
      <p className="kind">{media.voice ? "Voice note" : sentence(media.kind)}</p>
      <File media={media} url={url} />
      {media.caption !== null && <p className="text">{media.caption}</p>}
    </>
  );
}

/** The file itself where the hub has it; otherwise its name, and where it is. */
function File({ media, url }: { media: Media; url: string }) {
  const { file, kind } = media;
  const name = media.name ?? `${kind} without a name`;
  switch (file.state) {
    case "stored":
      return <Stored mimeType={file.mimeType} sizeBytes={file.sizeBytes} name={name} url={url} />;
    case "waiting":
      return <p className="file fine">{name}: being fetched from the vendor…</p>;
    case "failed":
      return (
        <p className="file failed">
          {name} could not be fetched{file.why === null ? "." : `: ${file.why}`}
        </p>
      );
    case "absent":
      return <p className="file fine">{name}</p>;
  }
}

interface StoredProps {
  mimeType: string;
  sizeBytes: number | null;
  name: string;
  url: string;
}

function Stored({ mimeType, sizeBytes, name, url }: StoredProps) {
  const size = sizeBytes === null ? "" : ` (${readableSize(sizeBytes)})`;
  const link = (
    <a className="file" href={url} download={name}>
      {name}
      {size}
    </a>
  );
  const [family] = mimeType.split("/", 1);
  if (family === "image") {
    return (
      <>
        <img className="preview" src={url} alt={name} loading="lazy" />
        {link}
      </>
    );
  }
  if (family === "audio") {
    return (
      <>
        {/* biome-ignore lint/a11y/useMediaCaption: nobody wrote captions for what a customer sends */}
        <audio controls preload="none" src={url} aria-label={name} />
        {link}
      </>
    );
  }
  if (family === "video") {
    return (
      <>
        {/* biome-ignore lint/a11y/useMediaCaption: nobody wrote captions for what a customer sends */}
        <video className="preview" controls preload="none" src={url} aria-label={name} />
        {link}
      </>
    );
  }
  return link;
}

function readableSize(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** Shown as it was offered; only the customer can tap it. */
function OfferContent({ offer }: { offer: Offered }) {
  return (
    <>
      {offer.header !== null && <p className="kind">{offer.header}</p>}
      <p className="text">{offer.text}</p>
      <ul className="offer" aria-label="Offered answers">
        {offer.choices.map((choice, index) => (
          <li key={index}>
            {choice.title}
            {choice.more !== null && <span className="fine"> {choice.more}</span>}
          </li>
        ))}
      </ul>
      {offer.url !== null && <p className="fine">Leads to {offer.url}</p>}
      {offer.footer !== null && <p className="fine">{offer.footer}</p>}
    </>
  );
}
