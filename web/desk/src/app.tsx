import { type ApiError, asApiError, type Me } from "@baton/client";
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { AccessContext, api } from "./access.ts";
import { LoginPage } from "./features/access/login.tsx";
import { SetupPage } from "./features/access/setup.tsx";
import { AddChannelPage } from "./features/channels/add.tsx";
import { EditChannelPage } from "./features/channels/edit.tsx";
import { ChannelsPage } from "./features/channels/page.tsx";
import { DesksPage } from "./features/desks/page.tsx";
import { SessionPage } from "./features/session/page.tsx";
import { SessionsPage } from "./features/sessions/page.tsx";
import { Shell } from "./features/shell/shell.tsx";
import { Link, navigate, type Place, usePlace } from "./router.tsx";
import { ErrorNote } from "./ui/notes.tsx";

type Identity =
  | { phase: "asking" }
  | { phase: "signed_in"; me: Me }
  | { phase: "signed_out" }
  | { phase: "failed"; error: ApiError };

export function App() {
  const place = usePlace();
  const [identity, setIdentity] = useState<Identity>({ phase: "asking" });
  const ask = useCallback(() => {
    setIdentity({ phase: "asking" });
    api.me().then(
      (me) => setIdentity({ phase: "signed_in", me }),
      (thrown) => {
        const error = asApiError(thrown);
        setIdentity(error.status === 401 ? { phase: "signed_out" } : { phase: "failed", error });
      },
    );
  }, []);
  useEffect(() => {
    api.onSignedOut = () => setIdentity({ phase: "signed_out" });
    ask();
  }, [ask]);

  const enter = (me: Me) => {
    setIdentity({ phase: "signed_in", me });
    navigate(destination(place), "replace");
  };
  if (place.path === "/setup") return <SetupPage onDone={enter} />;
  switch (identity.phase) {
    case "asking":
      return <main className="door" aria-busy="true" aria-label="Loading" />;
    case "failed":
      return (
        <main className="door">
          <h1>Baton</h1>
          <ErrorNote doing="reach the hub" error={identity.error} onRetry={ask} />
        </main>
      );
    case "signed_out":
      return <LoginPage onDone={enter} />;
    case "signed_in":
      return <SignedIn me={identity.me} place={place} />;
  }
}

function SignedIn({ me, place }: { me: Me; place: Place }) {
  const access = useMemo(() => {
    const signOut = async () => {
      await api.logout();
      api.onSignedOut();
      navigate("/");
    };
    return { me, signOut };
  }, [me]);
  return (
    <AccessContext value={access}>
      <Shell place={place}>{page(place)}</Shell>
    </AccessContext>
  );
}

function page(place: Place): ReactNode {
  const session = /^\/sessions\/([^/]+)$/.exec(place.path)?.[1];
  if (session !== undefined) {
    const id = decodeURIComponent(session);
    return <SessionPage key={id} id={id} place={place} />;
  }
  const channel = /^\/channels\/([^/]+)$/.exec(place.path)?.[1];
  if (channel === "new") return <AddChannelPage place={place} />;
  if (channel !== undefined) {
    const id = decodeURIComponent(channel);
    return <EditChannelPage key={id} id={id} />;
  }
  switch (place.path) {
    case "/":
    case "/login":
    case "/sessions":
      return <SessionsPage place={{ ...place, path: "/sessions" }} />;
    case "/channels":
      return <ChannelsPage place={place} />;
    case "/desks":
      return <DesksPage />;
    default:
      return <NotFoundPage />;
  }
}

function NotFoundPage() {
  return (
    <div className="page">
      <title>Not found · Baton</title>
      <h1>There is no page here</h1>
      <p>
        The address may be mistyped or old. Go to the <Link to="/sessions">sessions</Link>.
      </p>
    </div>
  );
}

/** Signing in happens where the reader wanted to go; only the two doors lead on to the sessions. */
function destination(place: Place): string {
  if (place.path === "/login" || place.path === "/setup" || place.path === "/") return "/sessions";
  return location.pathname + location.search;
}
