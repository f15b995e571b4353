import { asApiError } from "@baton/client";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useAccess } from "../../access.ts";
import { Link, type Place } from "../../router.tsx";

const SECTIONS = [
  { to: "/sessions", name: "Sessions" },
  { to: "/channels", name: "Channels" },
  { to: "/templates", name: "Templates" },
  { to: "/campaigns", name: "Campaigns" },
  { to: "/integrations", name: "Integrations" },
];

export function Shell({ place, children }: { place: Place; children: ReactNode }) {
  const { me } = useAccess();
  const main = useFocusOnMove(place.path);
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <header className="bar">
        <p className="brand">
          Baton <span className="workspace">{me.workspace.name}</span>
        </p>
        <nav aria-label="Console">
          {SECTIONS.map(({ to, name }) => (
            <Link key={to} to={to} aria-current={isWithin(place.path, to) ? "page" : undefined}>
              {name}
            </Link>
          ))}
        </nav>
        <div className="who">
          {me.user !== null && <span className="email">{me.user.email}</span>}
          <SignOut />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** A new page is where reading goes on: for keyboards and screen readers focus follows it. */
function useFocusOnMove(path: string) {
  const main = useRef<HTMLElement>(null);
  const seen = useRef(path);
  useEffect(() => {
    if (seen.current !== path) main.current?.focus({ preventScroll: true });
    seen.current = path;
  }, [path]);
  return main;
}

function isWithin(path: string, section: string): boolean {
  return path === section || path.startsWith(`${section}/`);
}

function SignOut() {
  const { signOut } = useAccess();
  const [problem, setProblem] = useState<string | null>(null);
  const leave = () => signOut().catch((thrown: unknown) => setProblem(asApiError(thrown).message));
  return (
    <>
      <button type="button" onClick={leave}>
        Sign out
      </button>
      {problem !== null && <span role="alert">Failed to sign out: {problem}</span>}
    </>
  );
}
