import type { Api } from "./api.ts";
import { type ApiError, asApiError } from "./error.ts";
import { EventStreamParser } from "./event_stream.ts";
import { readFeedEvent } from "./fact.ts";
import type { Fact } from "./types.ts";

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** The hub sends a keep-alive comment well within this; silence means a dead connection. */
const SILENCE_MS = 45_000;

export type Connection =
  | { phase: "connecting" }
  | { phase: "live" }
  | { phase: "waiting"; retryAtMs: number; error: ApiError }
  | { phase: "stopped"; error: ApiError };

/** What a follower of the feed shows: the newest state, and whether it is still being told. */
export interface Snapshot<State> {
  state: State | null;
  connection: Connection;
}

/** How one kind of state is loaded and kept. All pure but `load`. */
export interface Source<State> {
  /** Follow one session only. */
  session?: string;
  load(): Promise<State>;
  reduce(state: State, facts: Fact[]): State;
}

/**
 * A state that follows the feed. It starts with its first subscriber and stops with its last.
 *
 * The feed is opened first and the state loaded after, so that nothing falls between the two. After a
 * break it resumes behind the last position seen; only a `gap` (the hub no longer keeps that far
 * back) loads everything again.
 */
export class Live<State extends { position: number }> {
  readonly #api: Api;
  readonly #source: Source<State>;
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot<State> = { state: null, connection: { phase: "connecting" } };
  #run: AbortController | null = null;
  #wake: () => void = () => {};
  #stale = true;
  #failures = 0;

  constructor(api: Api, source: Source<State>) {
    this.#api = api;
    this.#source = source;
  }

  readonly get = (): Snapshot<State> => this.#snapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (this.#run === null) {
      this.#run = new AbortController();
      void this.#follow(this.#run.signal);
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#run?.abort();
      this.#run = null;
    };
  };

  /** Ends the wait before the next attempt. */
  readonly retryNow = (): void => {
    this.#failures = 0;
    if (this.#snapshot.connection.phase === "stopped" && this.#run !== null) {
      void this.#follow(this.#run.signal);
    }
    this.#wake();
  };

  /** Changes the state by something that did not come over the feed, such as an older page. */
  update(change: (state: State) => State): void {
    if (this.#snapshot.state !== null) this.#set({ state: change(this.#snapshot.state) });
  }

  async #follow(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      this.#set({ connection: { phase: "connecting" } });
      const error = await this.#connect(stop).then(() => ended, asApiError);
      if (stop.aborted) return;
      if (!error.retriable) {
        this.#set({ connection: { phase: "stopped", error } });
        return;
      }
      await this.#pause(error, stop);
    }
  }

  /** One connection: resolves when the hub ends it, rejects when it breaks. */
  async #connect(stop: AbortSignal): Promise<void> {
    const silence = new AbortController();
    const signal = AbortSignal.any([stop, silence.signal]);
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const after = this.#resumeAfter();
      const body = await this.#api.feed({ after, session: this.#source.session }, signal);
      if (this.#stale) await this.#load(stop);
      if (stop.aborted) return;
      this.#set({ connection: { phase: "live" } });
      const parser = new EventStreamParser();
      const reader = body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || stop.aborted) return;
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        this.#failures = 0;
        await this.#take(parser, value, stop);
      }
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  /** No position seen yet (a quiet workspace): what happened during a break is only in a new load. */
  #resumeAfter(): number | undefined {
    const position = this.#snapshot.state?.position ?? 0;
    if (position === 0) this.#stale = true;
    return this.#stale ? undefined : position;
  }

  async #load(stop: AbortSignal): Promise<void> {
    const state = await this.#source.load();
    if (stop.aborted) return;
    this.#stale = false;
    this.#set({ state });
  }

  /** One piece of the stream becomes one change of state, however many facts it holds. */
  async #take(parser: EventStreamParser, piece: Uint8Array, stop: AbortSignal): Promise<void> {
    const facts: Fact[] = [];
    let gap = false;
    for (const event of parser.push(piece)) {
      const item = readFeedEvent(event);
      if (item.type === "fact") facts.push(item.fact);
      else if (item.type === "gap") gap = true;
    }
    if (gap) {
      this.#stale = true;
      await this.#load(stop);
    }
    const { state } = this.#snapshot;
    if (facts.length > 0 && state !== null && !stop.aborted) {
      this.#set({ state: this.#source.reduce(state, facts) });
    }
  }

  async #pause(error: ApiError, stop: AbortSignal): Promise<void> {
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    const pauseMs = longest * (0.5 + Math.random() / 2);
    this.#set({ connection: { phase: "waiting", retryAtMs: Date.now() + pauseMs, error } });
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      stop.addEventListener("abort", this.#wake, { once: true });
    });
  }

  #set(change: Partial<Snapshot<State>>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    for (const listener of this.#listeners) listener();
  }
}

const ended: ApiError = asApiError(new Error("the hub ended the feed"));
