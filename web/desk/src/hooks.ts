import {
  type Answer,
  type ApiError,
  answered,
  answerTo,
  asApiError,
  type Live,
  type Load,
  type Loaded,
  type Snapshot,
} from "@baton/client";
import { useCallback, useEffect, useRef, useState, useSyncExternalStore } from "react";

export function useLive<State extends { position: number }>(live: Live<State>): Snapshot<State> {
  useEffect(() => {
    // A machine that wakes up or finds its network again does not wait out the pause.
    window.addEventListener("online", live.retryNow);
    return () => window.removeEventListener("online", live.retryNow);
  }, [live]);
  return useSyncExternalStore(live.subscribe, live.get);
}

/** Asks whenever `load` is another one, and again when told to; every answer is kept with its `load`. */
function useAnswer<T>(load: Load<T>, everyMs: number | null) {
  const [answer, setAnswer] = useState<Answer<T> | null>(null);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    const take = (loaded: Loaded<T>) => {
      if (current) setAnswer((before) => answered(before, { to: load, loaded }));
    };
    const ask = () =>
      load().then(
        (value) => take({ phase: "ready", value }),
        (thrown) => take({ phase: "failed", error: asApiError(thrown) }),
      );
    ask();
    const look = () => document.visibilityState === "visible" && ask();
    const timer = everyMs === null ? undefined : setInterval(look, everyMs);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [load, round, everyMs]);
  const again = useCallback(() => setRound((before) => before + 1), []);
  const forget = useCallback(() => setAnswer(null), []);
  return { loaded: answerTo(load, answer), again, forget };
}

/** Loads once per `load`; pass a stable function. Asked again, it begins anew. */
export function useLoaded<T>(load: Load<T>): [Loaded<T>, () => void] {
  const { loaded, again, forget } = useAnswer(load, null);
  const anew = useCallback(() => {
    forget();
    again();
  }, [forget, again]);
  return [loaded, anew];
}

/** What is shown may be this old; a page that nobody looks at does not ask. */
const REFRESH_MS = 10_000;

/**
 * Loads and keeps it fresh: what `load` brought stays while its next answer is awaited, and when
 * that does not come. Pass a stable function.
 */
export function useFresh<T>(load: Load<T>, everyMs = REFRESH_MS): [Loaded<T>, () => void] {
  const { loaded, again } = useAnswer(load, everyMs);
  return [loaded, again];
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

/** A button that went away with the state that it belonged to must not leave the keyboard nowhere. */
export function useFocusKept(state: string, toFirst: () => void) {
  const seen = useRef(state);
  useEffect(() => {
    if (seen.current !== state && document.activeElement === document.body) toFirst();
    seen.current = state;
  });
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
