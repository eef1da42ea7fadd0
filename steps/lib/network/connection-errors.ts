/** Where Node tells only that it is over: a request, as after a 101 that nobody asked for, or a body. */
export function closedEarly(seen = 'the connection was closed'): Error {
  return Object.assign(new Error(seen), { code: 'ECONNRESET' });
}

/** A time that we set is over: by the name that AbortSignal.timeout gives it, and the code of a connection. */
export class TimedOut extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ETIMEDOUT';
}
