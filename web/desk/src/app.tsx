import { type ApiError, asApiError, type Me } from "@baton/client";
import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { AccessContext, api } from "./access.ts";
import { LoginPage } from "./features/access/login.tsx";
import { SetupPage } from "./features/access/setup.tsx";
import { CampaignPage } from "./features/campaigns/detail.tsx";
import { NewCampaignPage } from "./features/campaigns/new.tsx";
import { CampaignsPage } from "./features/campaigns/page.tsx";
import { AddChannelPage } from "./features/channels/add.tsx";
import { EditChannelPage } from "./features/channels/edit.tsx";
import { ChannelsPage } from "./features/channels/page.tsx";
import { AddDeskPage } from "./features/desks/add.tsx";
import { EditDeskPage } from "./features/desks/edit.tsx";
import { IntegrationsPage } from "./features/desks/page.tsx";
import { RoutesPage } from "./features/desks/routes.tsx";
import { TroubleshootingPage } from "./features/desks/troubleshooting.tsx";
import { SessionPage } from "./features/session/page.tsx";
import { SessionsPage } from "./features/sessions/page.tsx";
import { Shell } from "./features/shell/shell.tsx";
import { TemplatePage } from "./features/templates/detail.tsx";
import { TemplatesPage } from "./features/templates/page.tsx";
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
  const [, section = "", name = "", ...deeper] = place.path.split("/");
  if (section === "integrations" && deeper.join("/") === "troubleshooting")
    return <TroubleshootingPage key={name} id={decodeURIComponent(name)} />;
  if (deeper.length > 0) return <NotFoundPage />;
  return name === "" ? overview(section, place) : one(section, decodeURIComponent(name), place);
}

function overview(section: string, place: Place): ReactNode {
  switch (section) {
    case "":
    case "login":
    case "sessions":
      return <SessionsPage place={{ ...place, path: "/sessions" }} />;
    case "channels":
      return <ChannelsPage place={place} />;
    case "templates":
      return <TemplatesPage place={place} />;
    case "campaigns":
      return <CampaignsPage />;
    case "integrations":
      return <IntegrationsPage place={place} />;
    default:
      return <NotFoundPage />;
  }
}

/** One thing of a section, or the form of a new one. */
function one(section: string, id: string, place: Place): ReactNode {
  switch (section) {
    case "sessions":
      return <SessionPage key={id} id={id} place={place} />;
    case "channels":
      if (id === "new") return <AddChannelPage place={place} />;
      return <EditChannelPage key={id} id={id} />;
    case "templates":
      return <TemplatePage key={id} id={id} />;
    case "campaigns":
      if (id === "new") return <NewCampaignPage place={place} />;
      return <CampaignPage key={id} id={id} place={place} />;
    case "integrations":
      if (id === "new") return <AddDeskPage place={place} />;
      return id === "routes" ? <RoutesPage /> : <EditDeskPage key={id} id={id} />;
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
