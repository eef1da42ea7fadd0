import type { Json } from './json.ts';
import type { Kind } from './kinds.ts';

export interface Cause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

/** An answer of the API server that is a failure: the body is a `Status`, with the texts of the real one. */
export class StatusError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Json | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: number,
    reason: string,
    message: string,
    { details, headers = {} }: { details?: Json; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
    this.headers = headers;
  }

  get body(): Json {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      ...(this.reason === '' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** A refusal that comes from the router, before Kubernetes: plain text. */
export class PlainError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

type Named = Pick<Kind, 'group' | 'plural'>;

/** `deployments.apps`, `pods` */
const resourceName = ({ group, plural }: Named): string => (group === '' ? plural : `${plural}.${group}`);

const detailsOf = ({ group, plural }: Named, name: string, causes: readonly Cause[] = []): Json => ({
  ...(name === '' ? {} : { name }),
  ...(group === '' ? {} : { group }),
  kind: plural,
  ...(causes.length === 0 ? {} : { causes }),
});

export const badRequest = (message: string) => new StatusError(400, 'BadRequest', message);

export const unauthorized = () => new StatusError(401, 'Unauthorized', 'Unauthorized');

export const forbidden = (kind: Named, name: string, why: string, causes: readonly Cause[] = []) =>
  new StatusError(
    403,
    'Forbidden',
    `${resourceName(kind)}${name === '' ? '' : ` ${JSON.stringify(name)}`} is forbidden: ${why}`,
    { details: detailsOf(kind, name, causes) },
  );

export const notFound = (kind: Named, name: string) =>
  new StatusError(404, 'NotFound', `${resourceName(kind)} ${JSON.stringify(name)} not found`, {
    details: detailsOf(kind, name),
  });

export const noSuchResource = () =>
  new StatusError(404, 'NotFound', 'the server could not find the requested resource', { details: {} });

export const methodNotAllowed = () =>
  new StatusError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {
      details: {},
    },
  );

export const alreadyExists = (kind: Named, name: string) =>
  new StatusError(409, 'AlreadyExists', `${resourceName(kind)} ${JSON.stringify(name)} already exists`, {
    details: detailsOf(kind, name),
  });

export const conflict = (kind: Named, name: string, why: string) =>
  new StatusError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${resourceName(kind)} ${JSON.stringify(name)}: ${why}`,
    { details: detailsOf(kind, name) },
  );

export const stale = (kind: Named, name: string) =>
  conflict(
    kind,
    name,
    'the object has been modified; please apply your changes to the latest version and try again',
  );

export const expired = (message: string) => new StatusError(410, 'Expired', message);

export interface Mistake {
  readonly field: string;
  readonly reason:
    | 'FieldValueInvalid'
    | 'FieldValueTypeInvalid'
    | 'FieldValueRequired'
    | 'FieldValueForbidden'
    | 'FieldValueNotSupported'
    | 'FieldValueTooLong';
  /** Without the field, such as `Invalid value: 60: may not …`. */
  readonly text: string;
}

export function invalid(kind: Pick<Kind, 'group' | 'kind'>, name: string, mistakes: readonly Mistake[]) {
  const qualified = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  const texts = [...new Set(mistakes.map(({ field, text }) => `${field}: ${text}`))];
  const all = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return new StatusError(422, 'Invalid', `${qualified} ${JSON.stringify(name)} is invalid: ${all}`, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      ...(kind.kind === '' ? {} : { kind: kind.kind }),
      causes: mistakes.map(({ field, reason, text }) => ({ reason, message: text, field })),
    },
  });
}

export const internalError = (message: string) =>
  new StatusError(500, 'InternalError', `Internal error occurred: ${message}`, {
    details: { causes: [{ message }] },
  });
