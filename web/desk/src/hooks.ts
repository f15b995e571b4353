import { type ApiError, asApiError, type Live, type Snapshot } from "@baton/client";
import { useCallback, useEffect, useState, useSyncExternalStore } from "react";

export function useLive<State extends { position: number }>(live: Live<State>): Snapshot<State> {
  useEffect(() => {
    // A machine that wakes up or finds its network again does not wait out the pause.
    window.addEventListener("online", live.retryNow);
    return () => window.removeEventListener("online", live.retryNow);
  }, [live]);
  return useSyncExternalStore(live.subscribe, live.get);
}

export type Loaded<T> =
  | { phase: "loading" }
  | { phase: "ready"; value: T }
  | { phase: "failed"; error: ApiError };

/** Loads once per `load`; pass a stable function. */
export function useLoaded<T>(load: () => Promise<T>): [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ phase: "loading" });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    setLoaded({ phase: "loading" });
    load().then(
      (value) => current && setLoaded({ phase: "ready", value }),
      (thrown) => current && setLoaded({ phase: "failed", error: asApiError(thrown) }),
    );
    return () => {
      current = false;
    };
  }, [load, round]);
  return [loaded, useCallback(() => setRound((before) => before + 1), [])];
}

/** What is shown may be this old; a page that nobody looks at does not ask. */
const REFRESH_MS = 10_000;

/**
 * Loads and keeps it fresh: what was loaded stays while the next answer is awaited, and when it
 * does not come. Pass a stable function.
 */
export function useFresh<T>(load: () => Promise<T>): [Loaded<T>, () => void] {
  const [loaded, setLoaded] = useState<Loaded<T>>({ phase: "loading" });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    const ask = () =>
      load().then(
        (value) => current && setLoaded({ phase: "ready", value }),
        (thrown) => {
          const failed = { phase: "failed", error: asApiError(thrown) } as const;
          if (current) setLoaded((before) => (before.phase === "ready" ? before : failed));
        },
      );
    ask();
    const timer = setInterval(() => document.visibilityState === "visible" && ask(), REFRESH_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [load, round]);
  return [loaded, useCallback(() => setRound((before) => before + 1), [])];
}

/** One thing that is done at the hub: whether it runs, and what went wrong the last time. */
export function useAction(): {
  busy: boolean;
  error: ApiError | null;
  run: (act: () => Promise<void>) => void;
} {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const run = (act: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setError(null);
    act()
      .catch((thrown: unknown) => setError(asApiError(thrown)))
      .finally(() => setBusy(false));
  };
  return { busy, error, run };
}

/** A clock that many places share; it runs only while somebody looks. */
function clock(periodMs: number) {
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  let nowMs = Date.now();
  const tick = () => {
    nowMs = Date.now();
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void) => {
    if (listeners.size === 0) {
      nowMs = Date.now();
      timer = setInterval(tick, periodMs);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) clearInterval(timer);
    };
  };
  return () => useSyncExternalStore(subscribe, () => nowMs);
}

export const useNowBySecond = clock(1_000);
export const useNowByQuarterMinute = clock(15_000);
