/** An answer that is an error object, in the form of vLLM 0.32: `{"error":{"message","type","param","code"}}`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly body: unknown;

  constructor(
    status: number,
    message: string,
    { type = errorTypes[status] ?? 'BadRequestError', param = null as string | null } = {},
  ) {
    super(message);
    this.status = status;
    this.body = { error: { message, type, param, code: status } };
  }
}

const errorTypes: Record<number, string> = {
  400: 'BadRequestError',
  404: 'NotFoundError',
  500: 'InternalServerError',
};
