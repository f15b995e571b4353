import type { Loaded } from "@baton/client";
import type { ReactNode } from "react";
import { ErrorNote } from "./notes.tsx";

interface WhenLoadedProps<T> {
  loaded: Loaded<T>;
  /** Completes "Loading …" and "Failed to load …". */
  what: string;
  onRetry: () => void;
  children: (value: T) => ReactNode;
}

/** What was loaded; until then that it is on its way, or why it did not come. */
export function WhenLoaded<T>({ loaded, what, onRetry, children }: WhenLoadedProps<T>) {
  switch (loaded.phase) {
    case "loading":
      return <p>Loading {what}…</p>;
    case "failed":
      return <ErrorNote doing={`load ${what}`} error={loaded.error} onRetry={onRetry} />;
    case "ready":
      return children(loaded.value);
  }
}
