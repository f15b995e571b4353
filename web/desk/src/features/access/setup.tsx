import { type ApiError, asApiError, type Me } from "@baton/client";
import { useState } from "react";
import { api } from "../../access.ts";
import { Link } from "../../router.tsx";
import { Door, Field } from "./door.tsx";

/** The first administrator's page. The token stays behind the `#`, so it reaches no server log. */
export function SetupPage({ onDone }: { onDone: (me: Me) => void }) {
  const [token] = useState(() => decodeURIComponent(location.hash.slice(1)));
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    const text = (name: string) => String(form.get(name));
    setBusy(true);
    setError(null);
    try {
      const [name, email, password] = [text("name"), text("email"), text("password")];
      onDone(await api.setup({ token, name, email, password }));
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  if (token === "") {
    return (
      <main className="door">
        <title>Set up · Baton</title>
        <h1>This link is incomplete</h1>
        <p>
          Open the whole link that the hub printed at its first start; it ends in <code>#</code> and
          a token. If the first administrator exists already, <Link to="/login">sign in</Link>.
        </p>
      </main>
    );
  }
  return (
    <Door
      title="Set up Baton"
      intro="You become the first administrator of this hub. The link works once."
      action="Create the administrator"
      busy={busy}
      problem={error}
      onSubmit={submit}
    >
      {error?.code === "setup_done" && (
        <p>
          The hub has its administrator. <Link to="/login">Sign in</Link> instead.
        </p>
      )}
      <Field label="Your name" name="name" type="text" autoComplete="name" />
      <Field label="Email" name="email" type="email" autoComplete="username" />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        minLength={12}
        hint="At least 12 characters"
      />
    </Door>
  );
}
