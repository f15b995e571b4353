/** One event of a `text/event-stream` body. */
export interface StreamEvent {
  id: string | null;
  type: string;
  data: string;
}

/** Far above any fact; a stream that exceeds it is not ours. */
const MAX_EVENT_CHARS = 4 * 1024 * 1024;

/**
 * Parses an event stream that arrives in arbitrary pieces: a piece may end inside a character,
 * inside a line, or between the two halves of a CRLF.
 */
export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  #line = "";
  #skipLineFeed = false;
  #id: string | null = null;
  #type = "";
  #data: string[] = [];
  #chars = 0;

  /** Takes the next piece and returns the events that it completed. */
  push(piece: Uint8Array): StreamEvent[] {
    const events: StreamEvent[] = [];
    let text = this.#decoder.decode(piece, { stream: true });
    if (this.#skipLineFeed && text !== "") {
      if (text.startsWith("\n")) text = text.slice(1);
      this.#skipLineFeed = false;
    }
    let start = 0;
    for (const end of text.matchAll(/\r\n|\r|\n/g)) {
      this.#line += text.slice(start, end.index);
      start = end.index + end[0].length;
      this.#endLine(events);
      this.#skipLineFeed = end[0] === "\r" && start === text.length;
    }
    this.#line += text.slice(start);
    this.#chars += text.length;
    if (this.#chars > MAX_EVENT_CHARS) throw new RangeError("an event of the feed is too long");
    return events;
  }

  #endLine(events: StreamEvent[]): void {
    const line = this.#line;
    this.#line = "";
    if (line === "") {
      this.#endEvent(events);
      return;
    }
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#type = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
  }

  #endEvent(events: StreamEvent[]): void {
    if (this.#data.length > 0) {
      events.push({ id: this.#id, type: this.#type || "message", data: this.#data.join("\n") });
    }
    this.#type = "";
    this.#data = [];
    this.#chars = 0;
  }
}
