import type { Desk, DeskTried } from "@baton/client";
import { useEffect, useRef } from "react";
import { Link } from "../../router.tsx";
import { Checks } from "./checks.tsx";

/** The vendor was asked, and not everything works: what to do about each thing. */
export function NotSaved({ tried }: { tried: DeskTried }) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus(), []);
  const failed = tried.checks.filter((check) => !check.works).length;
  return (
    <section ref={box} className="stack" tabIndex={-1} aria-label="What the trial found">
      <p className="note bad" role="alert">
        Nothing was saved: {failed === 1 ? "one thing does" : `${failed} things do`} not work yet.
        Put it right, here or at the vendor, and test again.
      </p>
      <Checks checks={tried.checks} warnings={tried.warnings} />
    </section>
  );
}

interface ConnectedProps {
  tried: DeskTried;
  desk: Desk;
  isNew: boolean;
}

/** Everything works and is saved; for a new desk, what comes next. */
export function Connected({ tried, desk, isNew }: ConnectedProps) {
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <section ref={box} className="stack" tabIndex={-1} aria-label="Saved">
      <p className="note good" role="status">
        <span>
          <b>{desk.name} is saved.</b> Everything that a handoff needs works.
        </span>
      </p>
      <Checks checks={tried.checks} warnings={tried.warnings} />
      {isNew && (
        <p>
          What comes next: <Link to="/integrations/routes">say which handoffs it gets</Link>.
        </p>
      )}
      <p>
        <Link className="button primary" to={`/integrations?added=${desk.id}`}>
          Go to the integrations
        </Link>
      </p>
    </section>
  );
}
