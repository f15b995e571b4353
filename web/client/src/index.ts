export { Api, type SessionFilter } from "./api.ts";
export {
  guessMapping,
  lineOf,
  type Mapping,
  peopleOf,
  RECIPIENT_STATUSES,
  type RecipientStatus,
  type Source,
  templateTitle,
  turnsTaken,
  whyLeftOut,
} from "./campaign_form.ts";
export {
  amountOf,
  type Media,
  mediaOf,
  type Offered,
  offerOf,
  priceOf,
  totalOf,
} from "./content.ts";
export { ApiError, asApiError } from "./error.ts";
export { followSession, followSessions, loadOlder } from "./follow.ts";
export { newId } from "./id.ts";
export {
  changedSettings,
  countByStatus,
  foldSettings,
  refusal,
  shownSettings,
} from "./inbox_form.ts";
export type { Connection, Live, Snapshot } from "./live.ts";
export { type Answer, answered, answerTo, type Load, type Loaded } from "./loaded.ts";
export {
  editableRoutes,
  moved,
  NEW_CHOICE,
  NEW_ROUTE,
  type RouteDraft,
  refusedRoute,
  routesToKeep,
} from "./routes_form.ts";
export { type Happening, type SessionEvent, type SessionView, timeline } from "./session_view.ts";
export type { SessionsView } from "./sessions_view.ts";
export { readTable, type TableRow, type TextTable } from "./table.ts";
export {
  fieldLabel,
  fieldProblems,
  type Piece,
  type Preview,
  previewOf,
  refusalReason,
  sendableFirst,
  templateMatches,
  valuesToSend,
} from "./template_form.ts";
export type * from "./types.ts";
