import { useNowByQuarterMinute } from "../hooks.ts";

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });

/** The time of day, with the whole date on hover. */
export function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={FULL.format(date)}>
      {CLOCK.format(date)}
    </time>
  );
}

export function FullTime({ at }: { at: string }) {
  return <time dateTime={at}>{FULL.format(new Date(at))}</time>;
}

/** How long ago. */
export function Age({ at }: { at: string }) {
  const seconds = (useNowByQuarterMinute() - Date.parse(at)) / 1000;
  return (
    <time dateTime={at} title={FULL.format(new Date(at))}>
      {seconds < 60 ? "now" : `${rough(seconds)} ago`}
    </time>
  );
}

/** The largest unit alone says enough about something past. */
function rough(seconds: number): string {
  return span(seconds).split(" ", 2).join(" ");
}

/** A span of time in its two largest units; under an hour to the minute, under a minute to the second. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3_600);
  const minutes = Math.floor((whole % 3_600) / 60);
  if (days > 0) return hours > 0 ? `${days} d ${hours} h` : `${days} d`;
  if (hours > 0) return minutes > 0 ? `${hours} h ${minutes} min` : `${hours} h`;
  return minutes > 0 ? `${minutes} min` : `${whole} s`;
}
