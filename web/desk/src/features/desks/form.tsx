import type { Desk, DeskTried, Vendor } from "@baton/client";
import { type ReactNode, useState } from "react";
import { useAction } from "../../hooks.ts";
import { SettingsForm, type Wanted } from "../../ui/settings_form.tsx";
import { Connected, NotSaved } from "./tried.tsx";

interface DeskFormProps {
  vendor: Vendor;
  /** The desk as it is; null for a new one. */
  desk: Desk | null;
  /** Tries it with the vendor; it is kept only where everything works. */
  onTry: (wanted: Wanted) => Promise<DeskTried>;
  /** What stands above the form. */
  children: ReactNode;
}

/** The form of a desk, what a trial of it found, and where it is saved, what comes next. */
export function DeskForm({ vendor, desk, onTry, children }: DeskFormProps) {
  const { busy, error, run } = useAction();
  const [tried, setTried] = useState<DeskTried | null>(null);
  const test = (wanted: Wanted) =>
    run(async () => {
      setTried(null);
      setTried(await onTry(wanted));
    });
  if (tried?.saved && tried.desk !== null) {
    return <Connected tried={tried} desk={tried.desk} isNew={desk === null} />;
  }
  return (
    <>
      {children}
      <SettingsForm
        fields={vendor.fields}
        name={desk?.name ?? vendor.title}
        settings={desk?.settings}
        secretsSet={desk?.secrets_set}
        nameHelp="How reps and you will know this desk"
        action="Test & save"
        doing="Testing…"
        busy={busy}
        error={error}
        onSubmit={test}
      >
        {tried !== null && <NotSaved tried={tried} />}
      </SettingsForm>
    </>
  );
}
