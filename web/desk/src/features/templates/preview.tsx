import { type Piece, type Preview, previewOf, type Template, type Values } from "@baton/client";

interface TemplatePreviewProps {
  template: Template;
  values?: Values;
}

/** The message as the customer will see it; what nobody has filled in is marked. */
export function TemplatePreview({ template, values = {} }: TemplatePreviewProps) {
  const preview = previewOf(template, values);
  return (
    <figure className="preview-box">
      <figcaption className="unseen">What the customer sees</figcaption>
      <div className="bubble">
        {preview.media !== null && <p className="placeholder">{MEDIA[preview.media]}</p>}
        {preview.header !== null && (
          <p className="headline">
            <Pieces pieces={preview.header} />
          </p>
        )}
        <p className="text">
          <Pieces pieces={preview.body} />
        </p>
        {preview.footer !== null && <p className="fine">{preview.footer}</p>}
        {preview.buttons.length > 0 && (
          <ul className="offer" aria-label="Buttons">
            {preview.buttons.map((button, at) => (
              <li key={at}>
                {button.title}
                {button.url !== null && <span className="fine"> {button.url}</span>}
              </li>
            ))}
          </ul>
        )}
      </div>
    </figure>
  );
}

const MEDIA: Record<NonNullable<Preview["media"]>, string> = {
  image: "Picture",
  video: "Film",
  audio: "Sound",
  document: "Document",
  sticker: "Sticker",
  location: "Place on a map",
};

function Pieces({ pieces }: { pieces: Piece[] }) {
  return pieces.map((piece, at) =>
    piece.open ? (
      <mark key={at} title={`Variable ${piece.variable}`}>
        {piece.text}
      </mark>
    ) : (
      <span key={at}>{piece.text}</span>
    ),
  );
}
