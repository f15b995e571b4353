/** Codes that this client itself gives, beside those of the hub. */
export const UNREACHABLE = "unreachable";
export const UNREADABLE = "unreadable_answer";

/** A field of a form that cannot be taken as it is filled in. */
export interface FieldProblem {
  field: string;
  /** For people, after the field's name. */
  text: string;
}

/** What went wrong with one request. `code` is stable; `message` fits after "failed to …: ". */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly code: string;
  /** HTTP status; 0 when the hub did not answer. */
  readonly status: number;
  /** The hub's request id, for its logs. */
  readonly requestId: string | null;
  /** The setting or field that is refused, where it is about one. */
  readonly field: string | null;
  /** Every field that is refused, where somebody filled in a form. */
  readonly fields: readonly FieldProblem[];

  constructor(
    code: string,
    message: string,
    status = 0,
    requestId: string | null = null,
    field: string | null = null,
    fields: readonly FieldProblem[] = [],
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.requestId = requestId;
    this.field = field;
    this.fields = fields;
  }

  /** Whether the same request may succeed later without anybody changing anything. */
  get retriable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** Any thrown thing as an ApiError, so that callers handle one shape. */
export function asApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  return new ApiError(UNREACHABLE, "the hub does not answer; check the connection and try again");
}

/** Reads the hub's error document; an answer of another shape (a proxy's page) still gets a code. */
export async function errorFrom(response: Response): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  const error = isRecord(body) && isRecord(body.error) ? body.error : {};
  const code = typeof error.code === "string" ? error.code : `http_${response.status}`;
  const message =
    typeof error.message === "string" ? error.message : `the hub answered ${response.status}`;
  const id = typeof error.id === "string" ? error.id : null;
  const field = typeof error.field === "string" ? error.field : null;
  return new ApiError(code, message, response.status, id, field, fieldsOf(error.fields));
}

function fieldsOf(list: unknown): FieldProblem[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown) =>
    isRecord(one) && typeof one.field === "string" && typeof one.text === "string"
      ? [{ field: one.field, text: one.text }]
      : [],
  );
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
