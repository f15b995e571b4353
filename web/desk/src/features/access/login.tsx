import { type ApiError, asApiError, type Me } from "@baton/client";
import { useState } from "react";
import { api } from "../../access.ts";
import { Door, Field } from "./door.tsx";

export function LoginPage({ onDone }: { onDone: (me: Me) => void }) {
  const [error, setError] = useState<ApiError | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    setBusy(true);
    setError(null);
    try {
      onDone(await api.login(String(form.get("email")), String(form.get("password"))));
    } catch (thrown) {
      setError(asApiError(thrown));
      setBusy(false);
    }
  };
  return (
    <Door title="Sign in" action="Sign in" busy={busy} problem={error} onSubmit={submit}>
      <Field label="Email" name="email" type="email" autoComplete="username" />
      <Field label="Password" name="password" type="password" autoComplete="current-password" />
    </Door>
  );
}
