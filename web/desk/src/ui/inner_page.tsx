import type { ReactNode } from "react";
import { Link } from "../router.tsx";

/** Where a page leads back to, and the words for it. */
const BACK = {
  "/campaigns": "All campaigns",
  "/channels": "All channels",
  "/channels/new": "Choose another vendor",
  "/integrations": "All integrations",
  "/templates": "All templates",
};

interface InnerPageProps {
  /** The heading, and the browser's title. */
  title: string;
  /** Beside the heading: how the thing stands. */
  chip?: ReactNode;
  /** The page that this one belongs to. */
  back: keyof typeof BACK;
  /** For reading and filling in, not for tables. */
  narrow?: boolean;
  children: ReactNode;
}

/** The page of one thing or of a form, below the page of a section. */
export function InnerPage({ title, chip, back, narrow = false, children }: InnerPageProps) {
  return (
    <div className={narrow ? "page narrow" : "page"}>
      <title>{`${title} · Baton`}</title>
      <Link className="back" to={back}>
        {BACK[back]}
      </Link>
      {chip === undefined ? (
        <h1>{title}</h1>
      ) : (
        <div className="heading">
          <h1>{title}</h1>
          {chip}
        </div>
      )}
      {children}
    </div>
  );
}
