import type { ApiError, Connection } from "@baton/client";
import type { ReactNode } from "react";
import { useNowBySecond } from "../hooks.ts";

interface ErrorNoteProps {
  /** Completes "Failed to …". */
  doing: string;
  error: ApiError;
  onRetry?: () => void;
}

/** What happened, what to do, and the codes that somebody who helps will ask for. */
export function ErrorNote({ doing, error, onRetry }: ErrorNoteProps) {
  return (
    <div className="note bad" role="alert">
      <p>
        Failed to {doing}: {error.message}.
      </p>
      {onRetry !== undefined && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
      <p className="fine">
        Code {error.code}
        {error.requestId !== null && <>, request {error.requestId}</>}
      </p>
    </div>
  );
}

export function Empty({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface ConnectionBadgeProps {
  connection: Connection;
  onRetry: () => void;
}

/** Whether the page is being told what happens. A stopped feed is an error note, not a badge. */
export function ConnectionBadge({ connection, onRetry }: ConnectionBadgeProps) {
  if (connection.phase === "stopped") return null;
  return (
    <div className={`connection ${connection.phase}`}>
      <span role="status">{CONNECTION_WORDS[connection.phase]}</span>
      {connection.phase === "waiting" && (
        <>
          <NextTry atMs={connection.retryAtMs} />
          <button type="button" onClick={onRetry}>
            Try now
          </button>
        </>
      )}
    </div>
  );
}

const CONNECTION_WORDS = {
  connecting: "Connecting…",
  live: "Live",
  waiting: "Connection lost",
};

function NextTry({ atMs }: { atMs: number }) {
  const seconds = Math.max(0, Math.ceil((atMs - useNowBySecond()) / 1000));
  return <span className="fine">next try in {seconds} s</span>;
}
