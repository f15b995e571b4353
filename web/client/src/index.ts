export { Api, type SessionFilter } from "./api.ts";
export { amountOf, type Media, mediaOf, type Offered, offerOf, totalOf } from "./content.ts";
export { ApiError, asApiError } from "./error.ts";
export { followSession, followSessions, loadOlder } from "./follow.ts";
export { changedSettings, countByStatus, refusal, shownSettings } from "./inbox_form.ts";
export type { Connection, Live, Snapshot } from "./live.ts";
export { type Happening, type SessionEvent, type SessionView, timeline } from "./session_view.ts";
export type { SessionsView } from "./sessions_view.ts";
export type * from "./types.ts";
